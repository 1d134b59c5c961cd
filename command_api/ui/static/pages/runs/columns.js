/** The columns of lists of runs. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { ago, formatDuration, formatInstant, now } from '../../core/time.js';
import { Status } from '../../components/values.js';
import { RunName } from './run_name.js';

/** @typedef {Record<string, any>} Run */

/** @type {import('../../components/table.js').Column[]} The columns from left to right. */
export const COLUMNS = [
  { key: 'title', title: 'Run', width: 'minmax(180px, 2fr)', render: (run) => html`<${RunName} run=${run} />` },
  { key: 'definition', title: 'Definition', width: 'minmax(120px, 1fr)', render: (run) => html`<${DefinitionName} run=${run} />` },
  { key: 'status', title: 'Status', width: '104px', render: (run) => html`<${Status} value=${run.status} />` },
  { key: 'waitsFor', title: 'Waits for', width: 'minmax(200px, 2fr)', render: (run) => html`<${WaitsFor} run=${run} />` },
  { key: 'started', title: 'Started', width: '240px', render: (run) => html`<${Started} run=${run} />` },
  { key: 'took', title: 'Took', width: '108px', numeric: true, render: (run) => html`<${Took} run=${run} />` },
  { key: 'attempts', title: 'Attempts', width: '88px', numeric: true },
  { key: 'trigger', title: 'Trigger', width: 'minmax(110px, 1fr)', render: (run) => html`<${Trigger} run=${run} />` },
];

/** @param {{run: Run}} props */
function DefinitionName({ run }) {
  const name = run.slug ?? run.definitionId;
  return html`<a href=${href(`/definitions/${encodeURIComponent(name)}`)}>${name}</a> <span class="muted">v${run.version}</span>`;
}

/** The cause that an open run waits for, or the reason why it has failed. @param {{run: Run}} props */
function WaitsFor({ run }) {
  const { status, failure, rerunId } = run;
  if (status === 'failed') {
    const text = [failure?.stepId, failure?.code].filter(Boolean).join(': ');
    return html`<span title=${failure?.message}>${text}</span>
      ${rerunId && html` <a href=${href(`/runs/${rerunId}`)}>run again → ${rerunId.slice(-6)}</a>`}`;
  }
  if (status === 'cancelled') return run.cancelReason ?? '';
  const text = words(run);
  return run.dueAt ? html`${text} <span class="muted" title=${formatInstant(run.dueAt)}>${due(run.dueAt)}</span>` : text;
}

/** @param {Run} run */
function words({ waitsFor, currentStepId, attempt, pause }) {
  const step = currentStepId ?? '';
  const which = attempt > 1 ? `${step}, attempt ${attempt}` : step;
  switch (waitsFor) {
    case 'QUEUED': return 'An executor';
    case 'PAUSED': return pause?.reason ? `Paused: ${pause.reason}` : `Paused by ${pause?.by ?? 'a request'}`;
    case 'TIMER': return `${step}, a delay`;
    case 'BACKOFF': return `${step}, attempt ${attempt ?? ''}`;
    case 'RELEASED': return `${step}, starts again`;
    default: return which;
  }
}

/** @param {string} at */
function due(at) {
  return Date.parse(at) <= now.value ? 'due now' : ago(at);
}

/** @param {{run: Run}} props */
function Started({ run: { startedAt, requestedAt } }) {
  const at = startedAt ?? requestedAt;
  const title = `Requested ${formatInstant(requestedAt, { milliseconds: true, withZone: true })}`;
  return html`<time datetime=${at} title=${title}>${formatInstant(at)} <span class="muted">${ago(at)}</span></time>`;
}

/** The time that the run took, or has taken until now. @param {{run: Run}} props */
function Took({ run: { startedAt, completedAt } }) {
  if (!startedAt) return html`<span class="muted">–</span>`;
  const end = completedAt ? Date.parse(completedAt) : now.value;
  const text = formatDuration(Math.max(0, end - Date.parse(startedAt)));
  return completedAt ? text : html`<span class="muted">${text}…</span>`;
}

/** @param {{run: Run}} props */
function Trigger({ run: { trigger } }) {
  switch (trigger.kind) {
    case 'schedule': return html`<a href=${href(`/schedules/${trigger.scheduleId}`)}>schedule</a>`;
    case 'rerun': return html`<a href=${href(`/runs/${trigger.runId}`)}>rerun of ${trigger.runId.slice(-6)}</a>`;
    case 'record': return html`<span title="${trigger.eventType} of ${trigger.structure} ${trigger.recordId}">${trigger.eventType}</span>`;
    case 'webhook': return html`<span title=${trigger.path}>webhook</span>`;
    default: return trigger.kind;
  }
}
