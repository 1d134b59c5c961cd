/** The timeline of a run: a row for each attempt, decision, delay and join, with its bars in time. */
import { html, useMemo } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { readOnly, setQuery, values } from '../../core/router.js';
import { formatDuration, now } from '../../core/time.js';
import { Choice } from '../../components/forms.js';
import { Empty, Loading } from '../../components/notice.js';
import { statusColumn, Table } from '../../components/table.js';
import { counted, formatCount, signOf } from '../../components/values.js';
import { barsOf, chosenRows, extentOf, isOpen, rowsWithin, StepName } from './rows.js';
import { Axis, timeScale } from './time_scale.js';

/**
 * @param {{timeline: import('./rows.js').TimelineState, query: import('../../core/router.js').Query}} props
 */
export function TimelineTab({ timeline, query }) {
  const { rows, total, loaded } = timeline;
  const open = useMemo(() => rows.some(isOpen), [rows]);
  const until = open && !readOnly.value ? now.value : 0;
  const extent = useMemo(() => extentOf(rows, until), [rows, until]);
  const range = rangeOf(query) ?? extent;
  const scale = useScale(rows, range, query.idle !== 'show', until);
  const chosen = useMemo(() => chosenRows(rows, query), [rows, query.attempts, query.only]);
  const zoomed = rangeOf(query) !== null && range !== null;
  const within = useMemo(
    () => (zoomed && range !== null ? rowsWithin(chosen, range, until) : chosen),
    [chosen, zoomed, range?.[0], range?.[1], until],
  );
  if (rows.length === 0) return loaded ? html`<${NoRows} />` : html`<${Loading} />`;
  const opened = new Set(values(query, 'step'));
  const columns = columnsOf(scale, extent?.[0] ?? 0, until);
  return html`<div class="timeline">
    <${TimelineTools} query=${query} zoomed=${zoomed} scale=${scale} count=${within.length}
      loaded=${rows.length} total=${total} current=${rows.find((row) => opened.has(row.executionId))} until=${until} />
    <${Table} label="Timeline" columns=${columns} rows=${within} rowKey="executionId" selected=${opened}
      onSelect=${(/** @type {Set<string>} */ ids) => setQuery({ step: [...ids].slice(0, MOST_OPENED) })}
      onOpen=${(/** @type {any} */ row) => setQuery({ step: row.executionId })}
      current=${values(query, 'step')[0]} />
    ${within.length === 0 && html`<${Empty} title="No row matches">
      <p>Choose other attempts or steps, or show the whole time.</p><//>`}
  </div>`;
}

/** Steps that are open beside the timeline at once, at most. */
const MOST_OPENED = 20;

function NoRows() {
  return html`<${Empty} title="No step has begun">
    <p>The tab “Explain” shows why the run waits.</p>
  <//>`;
}

/**
 * @param {import('./rows.js').Row[]} rows
 * @param {[number, number] | null} range
 * @param {boolean} collapseIdle
 * @param {number} until
 */
function useScale(rows, range, collapseIdle, until) {
  const [from, to] = range ?? [0, 1];
  return useMemo(() => {
    const busy = rows.flatMap((row) => barsOf(row, until))
      .filter((bar) => bar.kind === 'run')
      .map((bar) => /** @type {[number, number]} */ ([bar.from, bar.to]));
    return timeScale(busy, [from, to], collapseIdle);
  }, [rows, from, to, collapseIdle, until]);
}

/**
 * Return the range in the URL, null without one.
 *
 * @param {import('../../core/router.js').Query} query
 * @returns {[number, number] | null}
 */
function rangeOf({ from, to }) {
  const [begin, end] = [Number(from), Number(to)];
  return from !== undefined && to !== undefined && begin < end ? [begin, end] : null;
}

/**
 * @param {import('./time_scale.js').Scale} scale
 * @param {number} origin
 * @param {number} until
 */
function columnsOf(scale, origin, until) {
  const onRange = (/** @type {number} */ from, /** @type {number} */ to) => setQuery(
    { from: String(Math.floor(from)), to: String(Math.ceil(to)) },
  );
  return [
    { key: 'step', title: 'Step', width: 'minmax(110px, 200px)', at: 'name', render: (/** @type {any} */ row) => html`<${StepName} row=${row} />` },
    statusColumn('status', 'Status'),
    { key: 'took', title: 'Took', width: '76px', at: 'when', numeric: true, render: (/** @type {any} */ row) => took(row, until) },
    {
      key: 'bars',
      title: html`<${Axis} scale=${scale} origin=${origin} onRange=${onRange} />`,
      width: 'minmax(160px, 1fr)',
      at: 'line',
      render: (/** @type {any} */ row) => html`<${Bars} row=${row} scale=${scale} until=${until} />`,
    },
  ];
}

/**
 * @param {import('./rows.js').Row} row
 * @param {number} until
 */
function took(row, until) {
  if (until === 0 && isOpen(row)) return '';
  const bars = barsOf(row, until).filter((bar) => bar.kind === 'run' || row.kind === 'delay');
  return bars.map((bar) => formatDuration(bar.to - bar.from)).join(' ');
}

const ATTEMPTS = [['', 'all'], ['last', 'last of each visit'], ['repeated', 'second and later']];
const ONLY = [['', 'all'], 'open', 'failed'];

/**
 * The choices of a timeline, all of which stand in the URL.
 *
 * @param {{query: import('../../core/router.js').Query, zoomed: boolean, count: number, loaded: number,
 *   total: number, until: number, scale: import('./time_scale.js').Scale,
 *   current?: import('./rows.js').Row}} props `current` is the row that is open
 */
function TimelineTools({ query, zoomed, scale, count, loaded, total, current, until }) {
  useShortcut('f', 'Show failed steps only', () => setQuery({ only: query.only === 'failed' ? '' : 'failed' }));
  const idle = query.idle !== 'show';
  return html`<div class="tools">
    <label><input type="checkbox" checked=${idle}
      onChange=${() => setQuery({ idle: idle ? 'show' : '' })} /> Collapse idle time</label>
    <${Choice} label="Attempts" value=${query.attempts ?? ''} options=${ATTEMPTS}
      onPick=${(/** @type {string} */ attempts) => setQuery({ attempts })} />
    <${Choice} label="Steps" value=${query.only ?? ''} options=${ONLY}
      onPick=${(/** @type {string} */ only) => setQuery({ only })} />
    ${zoomed && html`<button type="button" onClick=${() => setQuery({ from: '', to: '' })}>
      Show the whole time</button> <span class="muted">${lengthOf(scale)}</span>`}
    ${current && html`<button type="button" onClick=${() => zoomTo(current, until)}>Zoom to ${current.stepId}</button>`}
    <span class="muted tools-count">${countText(count, loaded, total)}</span>
  </div>`;
}

/** @param {import('./time_scale.js').Scale} scale */
function lengthOf({ segments }) {
  return formatDuration(segments[segments.length - 1].to - segments[0].from);
}

/**
 * Choose the range of a row, with a tenth more on both sides.
 *
 * @param {import('./rows.js').Row} row
 * @param {number} until
 */
function zoomTo(row, until) {
  const bars = barsOf(row, until);
  if (bars.length === 0) return;
  const from = Math.min(...bars.map((bar) => bar.from));
  const to = Math.max(...bars.map((bar) => bar.to));
  const margin = Math.max(1, (to - from) / 10);
  setQuery({ from: String(Math.floor(from - margin)), to: String(Math.ceil(to + margin)) });
}

/**
 * @param {number} count The rows that the choices let through.
 * @param {number} loaded
 * @param {number} total
 */
function countText(count, loaded, total) {
  if (loaded < total) return `${formatCount(loaded)} of ${formatCount(total)} rows read`;
  const text = counted(total, 'row');
  return count === total ? text : `${formatCount(count)} of ${text}`;
}

/** The least width of a bar, as a share of the track. */
const LEAST = 0.003;
const WORDS = /** @type {Record<string, string>} */ ({ run: 'ran', backoff: 'backoff', delay: 'delay' });

/**
 * The bars of one row of a timeline; they are placed by transforms alone, so scrolling stays
 * smooth.
 *
 * @param {{row: import('./rows.js').Row, scale: import('./time_scale.js').Scale,
 *   until: number}} props
 */
function Bars({ row, scale, until }) {
  const { tone } = signOf(row.status);
  return html`<span class="bars">
    ${barsOf(row, until).map(({ from, to, kind }) => {
      const begin = Math.min(scale.at(from), 1 - LEAST);
      const width = Math.max(LEAST, scale.at(to) - begin);
      const style = { transform: `translateX(${begin * 100}%) scaleX(${width})` };
      return html`<span key=${`${kind} ${from}`} class="bar bar-${kind} tone-${tone}" style=${style}
        title="${WORDS[kind]} ${formatDuration(to - from)}"></span>`;
    })}
  </span>`;
}
