/** The timeline of a run: a row for each attempt, decision, delay and join, with its bars in time. */
import { html, useMemo } from '../../../vendor/preact.js';
import { readOnly, setQuery, values } from '../../../core/router.js';
import { formatDuration, now } from '../../../core/time.js';
import { Empty, Loading } from '../../../components/notice.js';
import { Table } from '../../../components/table.js';
import { Status } from '../../../components/values.js';
import { StepName } from '../step/step_name.js';
import { Axis } from './axis.js';
import { Bars } from './bars.js';
import { timeScale } from './time_scale.js';
import { barsOf, chosenRows, extentOf, isOpen, rowsWithin } from './timeline_rows.js';
import { TimelineTools } from './timeline_tools.js';

/**
 * @param {{timeline: import('../use_timeline.js').TimelineState, query: import('../../../core/router.js').Query}} props
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
  const shown = useMemo(
    () => (zoomed && range !== null ? rowsWithin(chosen, range, until) : chosen),
    [chosen, zoomed, range?.[0], range?.[1], until],
  );
  if (rows.length === 0) return loaded ? html`<${NoRows} />` : html`<${Loading} />`;
  const opened = new Set(values(query, 'step'));
  const columns = columnsOf(scale, extent?.[0] ?? 0, until);
  return html`<div class="timeline">
    <${TimelineTools} query=${query} zoomed=${zoomed} scale=${scale} shown=${shown.length}
      loaded=${rows.length} total=${total} current=${rows.find((row) => opened.has(row.executionId))} until=${until} />
    <${Table} label="Timeline" columns=${columns} rows=${shown} rowKey=${keyOf} selected=${opened}
      onSelect=${(/** @type {Set<string>} */ ids) => setQuery({ step: [...ids].slice(0, MOST_OPENED) })}
      onOpen=${(/** @type {any} */ row) => setQuery({ step: row.executionId })}
      current=${values(query, 'step')[0]} />
    ${shown.length === 0 && html`<${Empty} title="No row matches">
      <p>Choose other attempts or steps, or show the whole time.</p><//>`}
  </div>`;
}

/** Steps that are open beside the timeline at once, at most. */
const MOST_OPENED = 20;

/** @param {import('./timeline_rows.js').Row} row */
const keyOf = (row) => row.executionId;

function NoRows() {
  return html`<${Empty} title="No step has begun">
    <p>The tab “Explain” says what the run waits for.</p>
  <//>`;
}

/**
 * @param {import('./timeline_rows.js').Row[]} rows
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
 * @param {import('../../../core/router.js').Query} query
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
    { key: 'step', title: 'Step', width: 'minmax(110px, 200px)', render: (/** @type {any} */ row) => html`<${StepName} row=${row} />` },
    { key: 'status', title: 'Status', width: '118px', render: (/** @type {any} */ row) => html`<${Status} value=${row.status} />` },
    { key: 'took', title: 'Took', width: '76px', numeric: true, render: (/** @type {any} */ row) => took(row, until) },
    {
      key: 'bars',
      title: html`<${Axis} scale=${scale} origin=${origin} onRange=${onRange} />`,
      width: 'minmax(160px, 1fr)',
      render: (/** @type {any} */ row) => html`<${Bars} row=${row} scale=${scale} until=${until} />`,
    },
  ];
}

/**
 * @param {import('./timeline_rows.js').Row} row
 * @param {number} until
 */
function took(row, until) {
  if (until === 0 && isOpen(row)) return '';
  const bars = barsOf(row, until).filter((bar) => bar.kind === 'run' || row.kind === 'delay');
  return bars.map((bar) => formatDuration(bar.to - bar.from)).join(' ');
}
