/** The recorded events of a run; kinds that are rarely of interest are folded. */
import { html, useMemo, useState } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { useReading } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { preference } from '../../core/session.js';
import { Failure, Loading } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { counted, formatCount } from '../../components/values.js';
import { countTypes, EventDetails, foldRows, isFailure, rowClass, rowKey, toggled } from '../streams/events.js';
import { attemptText, eventTime } from './rows.js';

/** @param {{runId: string, query: import('../../core/router.js').Query}} props */
export function EventsTab({ runId, query }) {
  const { events, loaded, error } = useEvents(runId);
  const [unfolded, setUnfolded] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const types = folded.value;
  const chosen = useMemo(
    () => events.filter((event) => (
      (query.only !== 'failed' || isFailure(event.type))
      && (query.stepId === undefined || event.data.step_id === query.stepId)
    )),
    [events, query.only, query.stepId],
  );
  const rows = useMemo(() => foldRows(chosen, types, unfolded), [chosen, types, unfolded]);
  const current = events.find((event) => String(event.position) === query.event);
  useShortcut('[', 'Show the event before', () => step(chosen, current, -1));
  useShortcut(']', 'Show the next event', () => step(chosen, current, 1));
  useShortcut('f', 'Show failures only', () => setQuery({ only: query.only === 'failed' ? '' : 'failed' }));
  if (events.length === 0) return error ? html`<${Failure} error=${error} />` : html`<${Loading} />`;
  const open = (/** @type {any} */ row) => (
    row.folded ? setUnfolded(new Set([...unfolded, row.key])) : show(row)
  );
  return html`<div class="events">
    <${Types} events=${events} loaded=${loaded} query=${query} runId=${runId} />
    <${Failure} error=${error} />
    <div class="split">
      <${Table} label="Events" columns=${COLUMNS} rows=${rows} rowKey=${rowKey}
        onOpen=${open} current=${query.event} rowClass=${rowClass} />
      ${current && html`<${EventPane} event=${current} runId=${runId} />`}
    </div>
  </div>`;
}

const COLUMNS = [
  { key: 'position', title: 'Position', width: '84px', numeric: true, render: (/** @type {any} */ row) => eventOf(row).position },
  { key: 'at', title: 'Time', width: '204px', at: 'when', render: (/** @type {any} */ row) => eventTime(eventOf(row)) },
  { key: 'kind', title: 'Event', width: '136px', at: 'name', render: kindCell },
  { key: 'step', title: 'Step', width: 'minmax(80px, 1fr)', at: 'more', render: (/** @type {any} */ { data }) => data?.step_id ?? '' },
  { key: 'about', title: 'About', width: 'minmax(120px, 3fr)', at: 'about', render: aboutCell },
];

/** Return the event of a row, or the first one of a folded row. @param {any} row */
const eventOf = (row) => row.folded?.[0] ?? row;

/** @param {any} row */
function kindCell(row) {
  return row.folded ? html`<span class="muted">▸ ${row.folded.length} folded</span>` : kindOf(row);
}

/** @param {any} event */
function aboutCell(event) {
  if (event.folded) return html`<span class="muted">${[...new Set(event.folded.map(kindOf))].join(', ')}</span>`;
  const cut = event.truncated === undefined ? '' : ` (${formatCount(event.truncated)} bytes, cut)`;
  return aboutEvent(event) + cut;
}

/**
 * @param {{events: RunEvent[], loaded: boolean,
 *   query: import('../../core/router.js').Query, runId: string}} props
 */
function Types({ events, loaded, query: { only, stepId }, runId }) {
  const counts = useMemo(() => countTypes(events), [events]);
  const count = counted(events.length, 'event');
  return html`<div class="tools">
    <details class="kinds"><summary>Kinds</summary>
      ${counts.map(([type, number]) => html`<label key=${type}><input type="checkbox"
        checked=${isFailure(type) || !folded.value.includes(type)} disabled=${isFailure(type)}
        onChange=${() => (folded.value = toggled(folded.value, type))} /> ${kindOf({ type })} <span class="muted">${number}</span></label>`)}
    </details>
    <label><input type="checkbox" checked=${only === 'failed'}
      onChange=${() => setQuery({ only: only === 'failed' ? '' : 'failed' })} /> Failures only</label>
    ${stepId && html`<button type="button" onClick=${() => setQuery({ stepId: '' })}>Of step ${stepId} ✕</button>`}
    <a href=${href(`/streams/run/${encodeURIComponent(runId)}`)}>As a stream</a>
    <span class="muted tools-count">${loaded ? count : `${count} read so far`}</span>
  </div>`;
}

/** @param {RunEvent} event */
function show(event) {
  setQuery({ event: String(event.position) });
}

/**
 * @param {RunEvent[]} events
 * @param {RunEvent | undefined} current
 * @param {number} move
 */
function step(events, current, move) {
  const at = current === undefined ? -1 : events.indexOf(current);
  const next = events[Math.max(0, at + move)];
  if (next !== undefined) show(next);
}

/**
 * One event beside the list of a run's events, with its data.
 *
 * @param {{event: RunEvent, runId: string}} props
 */
function EventPane({ event, runId }) {
  const run = `/runs/${encodeURIComponent(runId)}`;
  const compare = `/compare/${encodeURIComponent(runId)}/${encodeURIComponent(runId)}`;
  const position = String(event.position);
  const execution = executionOf(runId, event);
  const step = html`<a href=${href(run, { tab: 'timeline', step: execution })}>${event.data.step_id}</a>`;
  const then = html`<a href=${href(run, { asOf: position })}>as it was then</a>,
    <a href=${href(compare, { from: position })}> what has changed since</a>`;
  return html`<${Pane} title=${kindOf(event)} onClose=${() => setQuery({ event: '' })}>
    <${EventDetails} event=${event} about=${{ kind: 'run', id: runId }} inStream
      more=${[...(execution ? [['Step', step]] : []), ['Run', then]]} />
  <//>`;
}

const FIRST = 100;
const LIMIT = 1_000;

/**
 * @typedef {{position: number, version: number, type: string, at: string, data: any,
 *   truncated?: number}} RunEvent
 */

const NOTHING = { events: /** @type {RunEvent[]} */ ([]), loaded: false };

/**
 * Read the events of a run and keep them up to date: the first ones soon, the others behind them.
 * `loaded` is true once all of them were read.
 *
 * @param {string} runId
 */
function useEvents(runId) {
  const path = `/runs/${encodeURIComponent(runId)}/events`;
  return useReading(path, {}, NOTHING, readEvents, { topics: [`run:${runId}`] });
}

/**
 * Read the events behind those that are known; recorded events don't change.
 *
 * @param {import('../../core/reading.js').Task} task
 */
async function readEvents({ get, set, state: { events } }) {
  let all = events;
  let limit = all.length === 0 ? FIRST : LIMIT;
  let after = all.at(-1)?.position ?? 0;
  while (after !== undefined) {
    const data = await get({ after, limit });
    all = [...all, ...data.events];
    after = data.next;
    limit = LIMIT;
    set({ events: all, loaded: after === undefined });
  }
}

/** Types that are folded until the reader chooses others; the choice is remembered. */
const folded = preference('folded-in-runs', ['run.StepLogged', 'run.StepCopied', 'run.SyncAwaited']);

/**
 * Return the kind of an event: its type without the aggregate.
 *
 * @param {{type: string}} event
 */
function kindOf({ type }) {
  return type.slice(type.indexOf('.') + 1);
}

/**
 * Return the data of an event beside its kind and its step, in a few words.
 *
 * @param {RunEvent} event
 */
function aboutEvent({ data }) {
  const parts = [
    attemptText(data),
    data.function && `function ${data.function}`,
    data.cause && data.cause !== 'start' && `because of a ${data.cause}`,
    data.error && `${data.error.code}: ${data.error.message}`,
    data.result?.selected && `goes to ${data.result.selected}`,
    data.warning,
    data.reason,
    data.delay_ms !== undefined && `${data.delay_ms} ms`,
    data.source && `rerun of ${data.source}`,
    data.trigger && `trigger ${data.trigger.kind}`,
    data.actor && `by ${data.actor.subject}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/**
 * Return the execution id of the attempt that an event is about, if any.
 *
 * @param {string} runId
 * @param {RunEvent} event
 */
function executionOf(runId, { data }) {
  if (data.step_id === undefined) return undefined;
  return `${runId}.${data.step_id}.${data.visit}.${data.attempt ?? 1}`;
}
