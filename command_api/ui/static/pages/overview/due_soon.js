/** The next things that are due: ticks of schedules, and the ends of delays and backoffs of runs. */
import { html } from '../../vendor/preact.js';
import { asOf, href } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { Failure } from '../../components/notice.js';
import { RunName } from '../runs/run_name.js';

const EVERY_MS = 5000;
const SHOWN = 8;

/** The next eight of them. */
export function DueSoon() {
  const now = asOf.value === null;
  const runs = useGet(now ? '/runs' : null, { due: true, limit: SHOWN }, { everyMs: EVERY_MS });
  const schedules = useGet(now ? '/schedules' : null, { limit: 500 }, { everyMs: EVERY_MS });
  if (!now) return html`<p class="muted">Shown as of now only.</p>`;
  const error = runs.error ?? schedules.error;
  const due = [...ticks(schedules.data), ...waits(runs.data)].sort((one, other) => (one.at < other.at ? -1 : 1)).slice(0, SHOWN);
  const waiting = runs.data?.total ?? 0;
  return html`
    ${error && html`<${Failure} error=${error} />`}
    ${due.length === 0 && !error && html`<p class="muted">Nothing waits for a time: no schedule is active, and no run is in a delay or a backoff.</p>`}
    <ul class="run-lines">${due.map(({ key, at, what }) => html`<li key=${key}><${Time} at=${at} /> ${what}</li>`)}</ul>
    ${waiting > 0 && html`<p><a href=${href('/runs', { due: 'true' })}>${waiting >= 500 ? '500 or more' : waiting} ${waiting === 1 ? 'run waits' : 'runs wait'} for a delay or the next attempt</a></p>`}`;
}

/** @param {any} data */
function ticks(data) {
  return (data?.schedules ?? []).filter((/** @type {any} */ one) => one.active && one.nextAt).map((/** @type {any} */ one) => ({
    key: one.id, at: one.nextAt, what: html`<a href=${href(`/schedules/${one.id}`)}>tick of ${one.slug}</a>`,
  }));
}

/** @param {any} data */
function waits(data) {
  return (data?.runs ?? []).map((/** @type {any} */ run) => ({
    key: run.id, at: run.dueAt,
    what: html`<${RunName} run=${run} /> <span class="muted">${run.waitsFor === 'BACKOFF' ? `attempt ${run.attempt} of ${run.currentStepId ?? 'a step'}` : 'a delay ends'}</span>`,
  }));
}
