/** The head of a run: its status, where it comes from, what it belongs to, and its actions. */
import { html } from '../../vendor/preact.js';
import { href, readOnly } from '../../core/router.js';
import { formatDuration, now, Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { Notice } from '../../components/notice.js';
import { Status } from '../../components/values.js';
import { RunActions } from './actions/run_actions.js';
import { TriggerLink } from './trigger_link.js';

/** @param {string} id */
const runHref = (id) => href(`/runs/${encodeURIComponent(id)}`);

/** @param {{run: any, onChanged: () => void, onRerun: () => void}} props */
export function RunHeader({ run, onChanged, onRerun }) {
  const definition = run.slug ?? run.definitionId;
  return html`<header class="run-head">
    <div class="run-line">
      <h1>${run.title ?? definition}</h1>
      <span class="run-id"><code>${run.id}</code> <${CopyButton} text=${run.id} label="id" /></span>
      <${Status} value=${run.status} />
      <${RunActions} run=${run} onChanged=${onChanged} onRerun=${onRerun} />
    </div>
    <div class="run-line muted">
      <a href=${href(`/definitions/${encodeURIComponent(definition)}`, { version: String(run.version) })}>
        ${definition} version ${run.version}</a>
      <span>requested <${Time} at=${run.requestedAt} /> <${TriggerLink} run=${run} /></span>
      <${Length} run=${run} />
      ${run.correlationId && html`<a href=${href('/runs', { correlationId: run.correlationId })}>
        correlation ${run.correlationId}</a>`}
      ${run.rerunId && html`<span>run again as <a href=${runHref(run.rerunId)}>${run.rerunId}</a></span>`}
      ${run.traceId && html`<${Trace} run=${run} />`}
    </div>
    <${Troubles} run=${run} />
  </header>`;
}

/** @param {{run: any}} props */
function Length({ run: { startedAt, completedAt, status } }) {
  if (startedAt === undefined || (completedAt === undefined && readOnly.value)) return null;
  const end = completedAt === undefined ? now.value : Date.parse(completedAt);
  return html`<span>${completedAt === undefined ? `${status} for` : 'took'} ${formatDuration(end - Date.parse(startedAt))}</span>`;
}

/** @param {{run: any}} props */
function Troubles({ run }) {
  const { failure, pause, cancelReason } = run;
  return html`
    ${failure && html`<${Notice} kind="error" title=${failure.code}>
      ${failure.message} ${failure.stepId && html`<span class="muted">at step ${failure.stepId}</span>`}<//>`}
    ${run.hasErrors && !failure && html`<${Notice} kind="warning">The run completed although a step failed.<//>`}
    ${pause && html`<${Notice} kind="warning" title="Paused">by ${pause.by} <${Time} at=${pause.at} />${pause.reason ? `: ${pause.reason}` : ''}<//>`}
    ${cancelReason && html`<${Notice} kind="info" title="Cancelled">${cancelReason}<//>`}`;
}

/** @param {{run: any}} props */
function Trace({ run: { traceId, traceUrl } }) {
  if (traceUrl === undefined) return html`<span>trace <code>${traceId}</code></span>`;
  return html`<a href=${traceUrl} target="_blank" rel="noreferrer">trace ${traceId}</a>`;
}
