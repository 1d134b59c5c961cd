/** The state of a tenant at a glance: what runs, what failed, what needs a person, what comes next. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, readOnly } from '../../core/router.js';
import { may, tenant } from '../../core/session.js';
import { ago, Time } from '../../core/time.js';
import { Failure, Lazy, Loaded, Notice } from '../../components/notice.js';
import { counted, formatCount, RunName, Sparkline, Status } from '../../components/values.js';

const EVERY_MS = 5000;
const MINUTES = 60;
const FIRST_STEPS = async () => (await import('./first_steps.js')).FirstSteps;

/** The page. */
export function Overview() {
  const answer = useGet('/stats', { window: '1h', bucket: '1m' }, { everyMs: EVERY_MS });
  return html`<div class="page-head"><h1>Overview of ${tenant.value}</h1></div>
    <${Loaded} of=${answer}>${(/** @type {any} */ stats) => html`<${Stats} stats=${stats} />`}<//>`;
}

Overview.title = () => 'Overview';

/** @param {{stats: any}} props */
function Stats({ stats }) {
  const all = Object.values(stats.runs).reduce((sum, count) => sum + Number(count), 0);
  return html`
    ${(stats.definitions === 0 || all === 0) && html`<${Lazy} load=${FIRST_STEPS} definitions=${stats.definitions} />`}
    <div class="overview">
      <section><h2>Runs</h2><${Counts} runs=${stats.runs} all=${all} /></section>
      <section><h2>Last hour</h2><${Rates} buckets=${stats.window} /></section>
      <section><h2>Needs a look</h2><${Attention} /></section>
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
        <td class="numeric">${formatCount(count)}</td>
      </tr>`)}
      <tr><th scope="row"><a href=${href('/runs')}>all</a></th><td class="numeric"><strong>${formatCount(all)}</strong></td></tr>
    </tbody>
  </table>`;
}

/** @param {{buckets: {start: string, requested: number, failed: number}[]}} props */
function Rates({ buckets }) {
  const requested = buckets.map((bucket) => bucket.requested);
  const failed = buckets.map((bucket) => bucket.failed);
  const sum = requested.reduce((total, count) => total + count, 0);
  const failures = failed.reduce((total, count) => total + count, 0);
  return html`
    <p><strong>${(sum / MINUTES).toLocaleString('en', { maximumFractionDigits: 1 })}</strong> runs a minute, ${formatCount(sum)} in all</p>
    <${Sparkline} values=${requested} label="Runs requested in each of the last 60 minutes" />
    <p><strong>${formatCount(failures)}</strong> of them ${failures === 1 ? 'has' : 'have'} failed</p>
    <${Sparkline} values=${failed} label="Runs requested in each of the last 60 minutes that have failed" tone="bad" />`;
}

const SHOWN = 5;

/**
 * The things that need a person: stuck runs, failures that weren't run again, and dead letters,
 * which aren't known as of an earlier position.
 */
function Attention() {
  const admin = may('orchestrator:admin') && !readOnly.value;
  const stuck = useGet('/runs', { stuck: true, limit: SHOWN }, { everyMs: EVERY_MS });
  const open = useGet('/runs', { handled: false, limit: SHOWN }, { everyMs: EVERY_MS });
  const letters = useGet(admin ? '/dead-letters' : null, { limit: 100 }, { everyMs: EVERY_MS });
  const error = stuck.error ?? open.error ?? letters.error;
  const waiting = (letters.data?.letters ?? []).filter((/** @type {any} */ letter) => !letter.redrivenAt).length;
  return html`
    <${Failure} error=${error} />
    <p><a href=${href('/runs', { stuck: 'true' })}><strong>${stuck.data?.total ?? '–'}</strong> stuck</a>
      <span class="muted"> – runs that no recorded event, call or timer will move</span></p>
    <${RunLines} runs=${stuck.data?.runs} />
    <p><a href=${href('/runs', { handled: 'false' })}><strong>${(open.data?.total ?? '–').toLocaleString('en')}</strong> failed and not run again</a></p>
    <${RunLines} runs=${open.data?.runs} />
    ${admin && html`<p><a href=${href('/dead-letters')}><strong>${letters.data === undefined ? '–' : letters.data.next ? '100 or more' : waiting}</strong> dead ${waiting === 1 ? 'letter' : 'letters'}</a>
      <span class="muted"> – messages that couldn’t be read</span></p>`}`;
}

const MOST_DUE = 8;

/** The next eight of them. */
function DueSoon() {
  const runs = useGet('/runs', { due: true, limit: MOST_DUE }, { everyMs: EVERY_MS });
  const schedules = useGet('/schedules', { limit: 500 }, { everyMs: EVERY_MS });
  const error = runs.error ?? schedules.error;
  const due = [...ticks(schedules.data), ...waits(runs.data)].sort((a, b) => (a.at < b.at ? -1 : 1)).slice(0, MOST_DUE);
  const waiting = runs.data?.total ?? 0;
  return html`
    <${Failure} error=${error} />
    ${due.length === 0 && !error && html`<p class="muted">Nothing waits for a time: no schedule is active, and no run is in a delay or a backoff.</p>`}
    <ul class="run-lines">${due.map(({ key, at, what }) => html`<li key=${key}><${Time} at=${at} /> ${what}</li>`)}</ul>
    ${waiting > 0 && html`<p><a href=${href('/runs', { due: 'true' })}>${waiting >= 500 ? '500 or more' : waiting} ${waiting === 1 ? 'run waits' : 'runs wait'} for a delay or the next attempt</a></p>`}`;
}

/** @param {any} data */
function ticks(data) {
  const schedules = (data?.schedules ?? []).filter((/** @type {any} */ { active, nextAt }) => active && nextAt);
  return schedules.map((/** @type {any} */ { id, nextAt, slug }) => ({
    key: id, at: nextAt, what: html`<a href=${href(`/schedules/${id}`)}>tick of ${slug}</a>`,
  }));
}

/** @param {any} data */
function waits(data) {
  return (data?.runs ?? []).map((/** @type {any} */ run) => ({
    key: run.id, at: run.dueAt,
    what: html`<${RunName} run=${run} /> <span class="muted">${run.waitsFor === 'BACKOFF' ? `attempt ${run.attempt} of ${run.currentStepId ?? 'a step'}` : 'a delay ends'}</span>`,
  }));
}

const SERVICES_EVERY_MS = 2000;
/** @type {Record<string, string>} The names of the followers of the log. */
export const ROLES = {
  views: 'Projector (views)', notary: 'Notary (seals)', relay: 'Relay (Kafka)',
  records: 'Scheduler (record events)', deliveries: 'Scheduler (webhooks)',
};

/** The state of the services, read every two seconds. */
function Services() {
  const answer = useGet('/system', {}, { everyMs: SERVICES_EVERY_MS });
  return html`<${Loaded} of=${answer}>${servicesOf}<//>`;
}

/** @param {any} data */
function servicesOf(data) {
  const failing = Object.entries(data.checks).filter(([, word]) => word !== 'ok').map(([name]) => name);
  return html`
    ${failing.length > 0 && html`<${Notice} kind="error" title="Not ready: ${failing.join(', ')}">${more()}<//>`}
    ${data.hold.held && html`<${Notice} kind="warning" title="The server is held.">${more()}<//>`}
    <p><${Status} value=${data.ready ? 'ready' : 'unavailable'} /> <span class="muted">${counted(data.executors, 'executor')}, ${counted(data.functions, 'function')}, ${counted(data.waitingCalls, 'call')} waiting for a free slot. The newest event is at position ${formatCount(data.head)}.</span></p>
    <div class="scroll"><table class="lags">
      <thead><tr><th scope="col">Role</th><th scope="col" class="numeric">Position</th><th scope="col" class="numeric">Behind</th></tr></thead>
      <tbody>${data.followers.map((/** @type {any} */ { name, position, lag }) => html`<tr key=${name}>
        <th scope="row">${ROLES[name] ?? name}</th>
        <td class="numeric">${formatCount(position)}</td>
        <td class="numeric">${lag === 0 ? 'nothing' : counted(lag, 'event')}</td>
      </tr>`)}</tbody>
    </table></div>
    <p class="muted">Followers save their positions from time to time, so a small lag is normal. ${more()}</p>`;
}

const more = () => html`<a href=${href('/system')}>The page of the system</a> says more.`;

/**
 * A few runs, one a line.
 *
 * @param {{runs: any[] | undefined}} props
 */
function RunLines({ runs = [] }) {
  if (runs.length === 0) return null;
  return html`<ul class="run-lines">
    ${runs.map((run) => html`<li key=${run.id}><${RunName} run=${run} />
      ${run.failure && html` <span class="muted">${[run.failure.stepId, run.failure.code].filter(Boolean).join(': ')}</span>`}
      <span class="muted"> ${ago(run.completedAt ?? run.startedAt ?? run.requestedAt)}</span></li>`)}
  </ul>`;
}
