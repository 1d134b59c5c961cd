/** Statistics of a definition: how its runs ended lately, and how long they and their steps took. */
import { html } from '../../../vendor/preact.js';
import { href, setQuery } from '../../../core/router.js';
import { formatDuration, Time } from '../../../core/time.js';
import { useGet } from '../../../core/use_get.js';
import { Empty, Loaded } from '../../../components/notice.js';
import { Table } from '../../../components/table.js';
import { Fields, formatCount, Status } from '../../../components/values.js';

/** @type {[string, string][]} */
const WINDOWS = [['1h', 'hour'], ['1d', 'day'], ['7d', '7 days'], ['30d', '30 days']];

/** @param {import('../definition.js').Shown} props */
export default function StatsTab({ definition, path, query }) {
  const window = String(query.window ?? '1d');
  const stats = useGet(`${path}/stats`, { window }, { topics: ['runs'] });
  const pick = (/** @type {any} */ { target }) => setQuery({ window: target.value });
  return html`
    <label>Runs requested in the last <select value=${window} onChange=${pick}>
      ${WINDOWS.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
    </select></label>
    <${Loaded} of=${stats}>${(/** @type {any} */ found) => (found.total === 0
      ? html`<${Empty} title="No run was requested in this time">
          <p>Choose a longer time, or start a run.</p><//>`
      : html`<${Totals} stats=${found} slug=${definition.slug} /><${Steps} stats=${found} />`)}<//>`;
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
    <${Table} label="Statistics of steps" columns=${COLUMNS} rows=${stats.steps} />`;
}

const COLUMNS = [
  { key: 'id', title: 'Step', width: 'minmax(140px, 2fr)' },
  { key: 'attempts', title: 'Attempts', width: '90px', numeric: true },
  { key: 'failed', title: 'Failed', width: '80px', numeric: true },
  { key: 'rate', title: 'Failure rate', width: '120px', numeric: true, render: rateCell },
  { key: 'p50', title: 'p50', width: '100px', numeric: true, render: (/** @type {any} */ row) => formatDuration(row.duration?.p50) },
  { key: 'p95', title: 'p95', width: '100px', numeric: true, render: (/** @type {any} */ row) => formatDuration(row.duration?.p95) },
];

/** @param {any} row */
function rateCell({ attempts, failed }) {
  return attempts === 0 ? '' : percent(failed / attempts);
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}
