/** The runs of a definition: what starts them, why others weren’t started, and how they went. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, readOnly, setQuery } from '../../core/router.js';
import { formatDuration, Time } from '../../core/time.js';
import { Choice } from '../../components/forms.js';
import { Empty, Loaded, Notice } from '../../components/notice.js';
import { Table, timeColumn } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { OUTCOME_COLUMN, whyText } from '../records/records.js';
import {
  isTimetable, NextTicks, TICK_COLUMNS, tickKey, triggersOf, triggerText,
} from '../schedules/timetables.js';

const COUNT = 10;

/**
 * The triggers of a version, and the next ticks of its timetables.
 *
 * @param {import('./definitions.js').Shown} props
 */
export function TriggersTab({ definition, document, version }) {
  const triggers = triggersOf(document.trigger);
  const timed = version === definition.version && triggers.some(isTimetable);
  return html`
    <ul>${triggers.map((trigger) => html`<li>
      <strong>${triggerText(trigger)}</strong>
      ${trigger.webhook !== undefined && html` <span class="muted">${signing(trigger)}</span>`}
      <br /><code>${JSON.stringify(trigger)}</code>
    </li>`)}</ul>
    ${timed && html`<${Fires} id=${definition.id} />`}
    ${version !== definition.version && html`<${Notice}>
      The triggers of version ${definition.version} are in force, not these.
    <//>`}`;
}

/** @param {Record<string, any>} trigger */
function signing({ signed, header }) {
  return signed ? `Calls are signed in ${header ?? 'X-Signature'}.` : 'Calls aren’t signed.';
}

/** @param {{id: string}} props The definition's id, which is that of its schedule, too. */
function Fires({ id }) {
  const schedule = useGet(`/schedules/${id}`, {}, { topics: ['runs'] });
  const next = useGet(`/schedules/${id}/next`, { count: COUNT });
  return html`<h2>Next ticks</h2>
    <${Loaded} of=${schedule}>${(/** @type {any} */ { fired, missed, skipped, lastAt }) => html`<p>
      ${fired} fired, ${missed} missed, ${skipped} skipped.
      ${lastAt && html` The last tick was due at <${Time} at=${lastAt} />.`}
      ${' '}<a href=${href(`/schedules/${id}`)}>All ticks</a>
    </p>`}<//>
    <${Loaded} of=${next}>${(/** @type {any} */ ticks) => html`<${NextTicks} next=${ticks} />`}<//>`;
}

/** Causes that keep a definition from starting runs, or a run from continuing. */
const HINDERED = ['DRAFT', 'PAUSED', 'NO_SECRET', 'NO_TICK', 'NO_SCHEDULER', 'NO_FUNCTION', 'NO_EXECUTOR', 'TOO_MANY_RUNS'];

/**
 * The reasons why events and ticks started runs of a definition, or didn't.
 *
 * @param {import('./definitions.js').Shown} props
 */
export function ExplainTab({ path }) {
  const explained = useGet(`${path}/explain`, {}, { topics: ['runs'] });
  return html`${readOnly.value && html`<p class="muted">By the events up to this position. Whether an executor and a scheduler were
    running then isn’t recorded.</p>`}
  <${Loaded} of=${explained}>${(/** @type {any} */ { because, ticks, events }) => html`
    ${because.map((/** @type {any} */ { code, text, dueAt }) => html`
      <${Notice} kind=${HINDERED.includes(code) ? 'warning' : 'info'}>
        ${text}${dueAt && html` <${Time} at=${dueAt} />`} <span class="muted">${code}</span>
      <//>`)}
    <h2>Newest record events</h2>
    ${events.length === 0 ? html`<${Empty} title="No record event came lately">
        <p><a href=${href('/records')}>Records</a> has a button that sends one.</p><//>`
      : html`<${Table} label="Newest record events" columns=${RECORD_COLUMNS} rows=${events} rowKey="recordId" />`}
    <h2>Newest ticks</h2>
    ${ticks.length === 0 ? html`<${Empty} title="No tick has been due">
        <p>Definitions with a timetable have ticks.</p><//>`
      : html`<${Table} label="Newest ticks" columns=${TICK_COLUMNS} rows=${ticks} rowKey=${tickKey} />`}
  `}<//>`;
}

const RECORD_COLUMNS = [
  timeColumn('receivedAt', 'Received', 'when'),
  { key: 'type', title: 'Type', width: 'minmax(130px, 1fr)', at: 'name', render: typeCell },
  { key: 'structure', title: 'Structure', width: 'minmax(90px, 1fr)' },
  OUTCOME_COLUMN,
  { key: 'why', title: 'Why', width: 'minmax(200px, 2fr)', at: 'line', render: whyText },
];

/** @param {any} row */
function typeCell({ recordId, type }) {
  return html`<a href=${href(`/records/${recordId}`)}>${type}</a>`;
}

/** @type {[string, string][]} */
const WINDOWS = [['1h', 'hour'], ['1d', 'day'], ['7d', '7 days'], ['30d', '30 days']];

/**
 * Statistics of a definition: how its runs ended lately, and how long they and their steps took.
 *
 * @param {import('./definitions.js').Shown} props
 */
export function StatsTab({ definition, path, query }) {
  const window = String(query.window ?? '1d');
  const stats = useGet(`${path}/stats`, { window }, { topics: ['runs'] });
  return html`
    <${Choice} label="Runs requested in the last" value=${window} options=${WINDOWS}
      onPick=${(/** @type {string} */ value) => setQuery({ window: value })} />
    <${Loaded} of=${stats}>${(/** @type {any} */ data) => (data.total === 0
      ? html`<${Empty} title="No run was requested in this time">
          <p>Choose a longer time, or start a run.</p><//>`
      : html`<${Totals} stats=${data} slug=${definition.slug} /><${Steps} stats=${data} />`)}<//>`;
}

/** @param {{stats: any, slug: string}} props */
function Totals({ stats, slug }) {
  const { runs, total, since, failureRate, duration, sampledRuns } = stats;
  const counts = Object.entries(runs).filter(([, count]) => count > 0);
  return html`<${Fields} rows=${[
    ['Runs', html`${formatCount(total)} since <${Time} at=${since} />`],
    ...counts.map(([status, count]) => [html`<${Status} value=${status} />`, html`
      <a href=${href('/runs', { definition: slug, status, from: since })}>${formatCount(count)}</a>`]),
    failureRate !== undefined && ['Failure rate', percent(failureRate)],
    duration && ['Duration', `p50 ${formatDuration(duration.p50)}, p95 ${formatDuration(duration.p95)}`
      + ` (newest ${sampledRuns} ended runs)`],
  ]} />`;
}

/** @param {{stats: any}} props */
function Steps({ stats }) {
  return html`<h2>Steps</h2>
    <p class="muted">The attempts of the newest 20 of these runs, by the steps of the version in force.</p>
    <${Table} label="Statistics of steps" columns=${STEP_COLUMNS} rows=${stats.steps} />`;
}

const STEP_COLUMNS = [
  { key: 'id', title: 'Step', width: 'minmax(140px, 2fr)', at: 'name' },
  { key: 'attempts', title: 'Attempts', width: '90px', at: 'about', numeric: true },
  { key: 'failed', title: 'Failed', width: '80px', numeric: true },
  { key: 'rate', title: 'Failure rate', width: '120px', at: 'more', numeric: true, render: rateCell },
  { key: 'p50', title: 'p50', width: '100px', numeric: true, render: (/** @type {any} */ row) => formatDuration(row.duration?.p50) },
  { key: 'p95', title: 'p95', width: '100px', at: 'when', numeric: true, render: (/** @type {any} */ row) => formatDuration(row.duration?.p95) },
];

/** @param {any} row */
function rateCell({ attempts, failed }) {
  return attempts === 0 ? '' : percent(failed / attempts);
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}
