/** The state of a tenant at a glance: what runs, what failed, what needs a person, what comes next. */
import { html } from '../../vendor/preact.js';
import { href, readOnly } from '../../core/router.js';
import { tenant } from '../../core/session.js';
import { useGet } from '../../core/use_get.js';
import { Failure, Lazy, Loading } from '../../components/notice.js';
import { Sparkline, Status } from '../../components/values.js';
import { Attention } from './attention.js';
import { DueSoon } from './due_soon.js';
import { Services } from './services.js';

const EVERY_MS = 5000;
const MINUTES = 60;
const FIRST_STEPS = async () => (await import('./first_steps.js')).FirstSteps;

/** The title of the document. */
export const title = () => 'Overview';

/** The page. */
export default function Overview() {
  const { data: stats, error, reload } = useGet('/stats', { window: '1h', bucket: '1m' }, { everyMs: EVERY_MS });
  if (stats === undefined) return error ? html`<${Failure} error=${error} onRetry=${reload} />` : html`<${Loading} />`;
  const all = Object.values(stats.runs).reduce((sum, count) => sum + Number(count), 0);
  return html`
    <div class="page-head"><h1>Overview of ${tenant.value}</h1></div>
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${(stats.definitions === 0 || all === 0) && html`<${Lazy} load=${FIRST_STEPS} definitions=${stats.definitions} />`}
    <div class="overview">
      <section><h2>Runs</h2><${Counts} runs=${stats.runs} all=${all} /></section>
      <section><h2>Last hour</h2><${Rates} buckets=${stats.window} /></section>
      <section><h2>Needs a look</h2><${Attention} failed=${stats.runs.failed} /></section>
      <section><h2>Due soon</h2><${DueSoon} /></section>
      <section class="wide"><h2>${readOnly.value ? 'Services, now' : 'Services'}</h2><${Services} /></section>
    </div>`;
}

/** @param {{runs: Record<string, number>, all: number}} props */
function Counts({ runs, all }) {
  return html`<table class="counts">
    <tbody>
      ${Object.entries(runs).map(([status, count]) => html`<tr key=${status}>
        <th scope="row"><a href=${href('/runs', { status })}><${Status} value=${status} /></a></th>
        <td class="numeric">${count.toLocaleString('en')}</td>
      </tr>`)}
      <tr><th scope="row"><a href=${href('/runs')}>all</a></th><td class="numeric"><strong>${all.toLocaleString('en')}</strong></td></tr>
    </tbody>
  </table>`;
}

/** @param {{buckets: {start: string, requested: number, failed: number}[]}} props */
function Rates({ buckets }) {
  const requested = buckets.map((bucket) => bucket.requested);
  const failed = buckets.map((bucket) => bucket.failed);
  const sum = requested.reduce((one, other) => one + other, 0);
  const failures = failed.reduce((one, other) => one + other, 0);
  return html`
    <p><strong>${(sum / MINUTES).toLocaleString('en', { maximumFractionDigits: 1 })}</strong> runs a minute, ${sum.toLocaleString('en')} in all</p>
    <${Sparkline} values=${requested} label="Runs requested in each of the last 60 minutes" />
    <p><strong>${failures.toLocaleString('en')}</strong> of them ${failures === 1 ? 'has' : 'have'} failed</p>
    <${Sparkline} values=${failed} label="Runs requested in each of the last 60 minutes that have failed" tone="bad" />`;
}
