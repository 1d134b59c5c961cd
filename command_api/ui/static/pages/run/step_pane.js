/** One attempt, decision or delay of a run: its input beside its output, its error and its logs. */
import { html, useState } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, readOnly, route, setQuery, values } from '../../core/router.js';
import { formatDuration, formatInstant, now, Time } from '../../core/time.js';
import { mayChange } from '../../components/actions.js';
import { CopyButton } from '../../components/copy.js';
import { JsonTree } from '../../components/json_tree.js';
import { Failure, Loaded, Loading, Notice } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Fields, shortJson, signOf, Status } from '../../components/values.js';
import { attemptText } from './rows.js';

/**
 * @typedef {import('./rows.js').Row} Row
 * @param {{run: any, execution: string, rows: Row[], query: import('../../core/router.js').Query,
 *   onRerun: (stepId: string, visit: number) => void}} props
 */
export function StepPane({ run, execution, rows, query, onRerun }) {
  const path = `/runs/${encodeURIComponent(run.id)}/steps/${encodeURIComponent(execution)}`;
  const { data: step, error, reload } = useGet(path, {}, { topics: [`run:${run.id}`] });
  const close = () => setQuery({ step: values(query, 'step').filter((opened) => opened !== execution) });
  const title = step === undefined ? execution : [step.stepId, attemptText(step)].filter(Boolean).join(' · ');
  return html`<${Pane} title=${title} onClose=${close}>
    <${Failure} error=${error} onRetry=${reload} />
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
  const members = [['input', 'Input'], ['progress', 'Progress'], ['output', 'Output']]
    .filter(([name]) => name in step);
  return html`<div class="step-data">
    ${members.map(([name, label]) => html`<section key=${name}>
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
    ${mayChange() && html`<button type="button"
      onClick=${() => onRerun(step.stepId, step.visit)}>Rerun from here…</button>`}
    ${step.decision && html`<a href=${test}>Test this decision</a>`}
    <a href=${href(`/runs/${encodeURIComponent(run.id)}`, { tab: 'events', stepId: step.stepId })}>Events of this step</a>
  </div>`;
}

/**
 * The attempts at one visit of a step; each can be opened beside the others.
 *
 * @param {{rows: import('./rows.js').Row[], step: any}} props
 */
function Attempts({ rows, step }) {
  const attempts = rows.filter((row) => row.stepId === step.stepId);
  if (attempts.length < 2) return null;
  const opened = new Set(values(route.value.query, 'step'));
  const near = nearest(attempts, step.executionId);
  const visits = attempts.some((row) => row.visit > 1);
  return html`<div class="attempts" role="group" aria-label="Attempts at ${step.stepId}">
    ${near.map(({ executionId, visit, attempt, status }) => html`<button type="button" key=${executionId}
      class="tone-${signOf(status).tone}" aria-pressed=${opened.has(executionId)}
      onClick=${() => setQuery({ step: toggled(opened, executionId, step.executionId) })}>
      <span aria-hidden="true">${signOf(status).icon}</span> ${nameOf(visit, attempt, visits)}
      <span class="hidden">${status}</span>
    </button>`)}
    ${near.length < attempts.length && html`<span class="muted">of ${attempts.length}; the timeline has all</span>`}
    ${attempts.length <= MOST && html`<button type="button"
      onClick=${() => setQuery({ step: attempts.map((row) => row.executionId) })}>Open all</button>`}
  </div>`;
}

/** Attempts that are offered at once. */
const MOST = 8;

/**
 * @param {number} visit
 * @param {number} attempt
 * @param {boolean} visits whether the step was visited more than once
 */
function nameOf(visit, attempt, visits) {
  if (!visits) return `attempt ${attempt}`;
  return attempt > 1 ? `visit ${visit}, attempt ${attempt}` : `visit ${visit}`;
}

/**
 * Return the attempts that stand around one of them.
 *
 * @param {import('./rows.js').Row[]} attempts
 * @param {string} execution
 */
function nearest(attempts, execution) {
  const at = attempts.findIndex((row) => row.executionId === execution);
  const first = Math.max(0, Math.min(at - MOST / 2, attempts.length - MOST));
  return attempts.slice(first, first + MOST);
}

/**
 * Return the open steps after one was picked: it takes the place of the step whose pane has the
 * button, or is closed if it was open.
 *
 * @param {Set<string>} opened
 * @param {string} picked
 * @param {string} from
 */
function toggled(opened, picked, from) {
  if (opened.has(picked)) return [...opened].filter((execution) => execution !== picked || picked === from);
  return [...opened, picked];
}

/**
 * The comparisons of a decision, and of the one that led a run to a step.
 *
 * @param {{runId: string, step: any, rows: Row[]}} props
 */
function WhyHere({ runId, step, rows }) {
  const before = decisionBefore(rows, step);
  const path = before && `/runs/${encodeURIComponent(runId)}/steps/${encodeURIComponent(before.executionId)}`;
  const { data } = useGet(path ?? null);
  if (data?.decision?.next !== step.stepId) return null;
  return html`<${Conditions} decision=${data.decision} title="Why here? ${data.stepId} chose this step" />`;
}

/**
 * Return the decision that was taken right before the first attempt at the step.
 *
 * @param {Row[]} rows
 * @param {any} step
 */
function decisionBefore(rows, { stepId, visit }) {
  const first = rows.findIndex((row) => row.stepId === stepId && row.visit === visit);
  const before = first > 0 ? rows[first - 1] : undefined;
  return before?.kind === 'decision' ? before : undefined;
}

/**
 * The comparisons of a decision, case by case.
 *
 * @param {{decision: any, title?: string}} props
 */
function Conditions({ decision, title = 'Why this decision?' }) {
  const cases = decision.evaluations ?? [];
  const decided = cases.some((/** @type {any} */ { matched }) => matched);
  return html`<section class="why"><h3>${title}</h3>
    <ol>${cases.map((/** @type {any} */ { caseIndex, conditions, matched, next }) => html`<li key=${caseIndex} value=${caseIndex + 1}>
      ${conditions.map((/** @type {any} */ condition) => html`<p class=${condition.matched ? 'tone-good' : 'muted'}>
        <code>${questionOf(condition)}</code> ${answerOf(condition)}</p>`)}
      <p>${matched ? html`<strong>It matches: the run goes to ${next ?? 'its end'}.</strong>` : 'It doesn’t match.'}</p>
    </li>`)}</ol>
    ${!decided && html`<p>${cases.length > 0 ? 'No case matches: the' : 'The'} run goes to
      <strong> ${decision.next ?? 'its end'}</strong>, the default.</p>`}
  </section>`;
}

/** @param {any} condition */
function questionOf({ path, operator, expected, valuePath }) {
  const other = valuePath ?? (expected === undefined ? '' : JSON.stringify(expected));
  return `${path} ${operator} ${other}`.trim();
}

/** @param {any} condition */
function answerOf({ matched, pathExists, actual, error }) {
  if (error) return `no: ${error}`;
  if (!pathExists) return `${matched ? 'yes' : 'no'}, there is no such value`;
  return `${matched ? 'yes' : 'no'}, it is ${shortJson(actual, 120)}`;
}

/**
 * The log lines of an attempt's function, read when they are opened.
 *
 * @param {{runId: string, step: any}} props
 */
function Logs({ runId, step }) {
  const [open, setOpen] = useState(false);
  if (step.function === undefined) return null;
  return html`<details onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
    <summary>Logs</summary>
    ${open && html`<${Lines} runId=${runId} step=${step} />`}
  </details>`;
}

/** @param {{runId: string, step: any}} props */
function Lines({ runId, step }) {
  const path = `/runs/${encodeURIComponent(runId)}/logs`;
  const query = { step: step.stepId, attempt: step.attempt };
  const logs = useGet(path, query, { topics: [`run:${runId}`] });
  return html`<${Loaded} of=${logs}>${(/** @type {any} */ { lines }) => {
    const texts = lines.filter((/** @type {any} */ line) => line.visit === step.visit).map(lineText);
    return texts.length === 0 ? html`<p class="muted">The function logged nothing.</p>`
      : html`<pre class="stack">${texts.join('\n')}</pre>`;
  }}<//>`;
}

/** @param {any} line */
function lineText({ at, level, message, omitted }) {
  if (omitted !== undefined) return `… ${omitted} lines are left out`;
  return `${formatInstant(at, { milliseconds: true })} ${level} ${message}`;
}
