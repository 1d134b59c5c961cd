/** One attempt, decision or delay of a run: its input beside its output, its error and its logs. */
import { html } from '../../../vendor/preact.js';
import { href, readOnly, setQuery, values } from '../../../core/router.js';
import { may } from '../../../core/session.js';
import { formatDuration, now, Time } from '../../../core/time.js';
import { useGet } from '../../../core/use_get.js';
import { CopyButton } from '../../../components/copy.js';
import { JsonTree } from '../../../components/json_tree.js';
import { Failure, Loading, Notice } from '../../../components/notice.js';
import { Pane } from '../../../components/panes.js';
import { Fields, Status } from '../../../components/values.js';
import { Attempts } from './attempts.js';
import { Logs } from './logs.js';
import { attemptText } from './step_name.js';
import { Conditions, WhyHere } from './why_here.js';

/**
 * @typedef {import('../timeline/timeline_rows.js').Row} Row
 * @param {{run: any, execution: string, rows: Row[], query: import('../../../core/router.js').Query,
 *   onRerun: (stepId: string, visit: number) => void}} props
 */
export function StepPane({ run, execution, rows, query, onRerun }) {
  const path = `/runs/${encodeURIComponent(run.id)}/steps/${encodeURIComponent(execution)}`;
  const { data: step, error, reload } = useGet(path, {}, { topics: [`run:${run.id}`] });
  const close = () => setQuery({ step: values(query, 'step').filter((one) => one !== execution) });
  const title = step === undefined ? execution : [step.stepId, attemptText(step)].filter(Boolean).join(' · ');
  return html`<${Pane} title=${title} onClose=${close}>
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${step === undefined ? !error && html`<${Loading} />` : html`
      <${StepFacts} step=${step} />
      <${Attempts} rows=${rows} step=${step} />
      ${step.error && html`<${StepError} error=${step.error} />`}
      ${step.warning && html`<${Notice} kind="warning">${step.warning}<//>`}
      ${step.decision && html`<${Conditions} decision=${step.decision} />`}
      <${WhyHere} runId=${run.id} step=${step} rows=${rows} />
      <${StepData} step=${step} />
      <${Logs} key=${execution} runId=${run.id} step=${step} />
      <${StepActions} run=${run} step=${step} onRerun=${onRerun} />`}
  <//>`;
}

/** @param {{step: any}} props */
function StepFacts({ step }) {
  const ended = step.completedAt === undefined ? now.value : Date.parse(step.completedAt);
  return html`<${Fields} rows=${[
    ['Status', html`<${Status} value=${step.status} />${step.copied ? ' taken over from another run' : ''}`],
    step.function && ['Function', html`<code>${step.function}</code>`],
    !step.function && ['Kind', step.kind],
    step.startedAt && ['Started', html`<${Time} at=${step.startedAt} milliseconds />`],
    step.startedAt && step.kind !== 'delay' && (step.completedAt || !readOnly.value) && ['Took', formatDuration(ended - Date.parse(step.startedAt))],
    step.delayMs !== undefined && ['Delay', formatDuration(step.delayMs)],
    step.resumeAt && step.status === 'waiting' && ['Due', html`<${Time} at=${step.resumeAt} />`],
    step.executor && ['Executor', html`<code>${step.executor}</code>`],
    step.heartbeatAt && ['Heartbeat', html`<${Time} at=${step.heartbeatAt} />`],
    ['Execution', html`<code class="cut">${step.executionId}</code> <${CopyButton} text=${step.executionId} label="execution id" />`],
  ]} />`;
}

/** @param {{error: any}} props */
function StepError({ error }) {
  return html`<${Notice} kind="error" title=${error.code}>
    <p>${error.message}</p>
    ${error.stack && html`<details open=${error.stack.length < 1_500}><summary>Stack</summary>
      <pre class="stack">${error.stack}</pre>
      <${CopyButton} text=${error.stack} label="stack" />
    </details>`}
  <//>`;
}

/** @param {{step: any}} props */
function StepData({ step }) {
  const shown = [['input', 'Input'], ['progress', 'Progress'], ['output', 'Output']]
    .filter(([name]) => name in step);
  return html`<div class="step-data">
    ${shown.map(([name, label]) => html`<section key=${name}>
      <h3>${label}</h3><${JsonTree} value=${step[name]} label=${name} /></section>`)}
  </div>`;
}

/**
 * @param {{run: any, step: any, onRerun: (stepId: string, visit: number) => void}} props
 */
function StepActions({ run, step, onRerun }) {
  const definition = encodeURIComponent(run.slug ?? run.definitionId);
  const test = href(`/definitions/${definition}/test`, { run: run.id, step: step.stepId, version: String(run.version) });
  return html`<div class="tools">
    ${may('orchestrator:write') && !readOnly.value && html`<button type="button"
      onClick=${() => onRerun(step.stepId, step.visit)}>Rerun from here…</button>`}
    ${step.decision && html`<a href=${test}>Test this decision</a>`}
    <a href=${href(`/runs/${encodeURIComponent(run.id)}`, { tab: 'events', stepId: step.stepId })}>Events of this step</a>
  </div>`;
}
