/** The comparisons of a decision, and of the one that led a run to a step. */
import { html } from '../../../vendor/preact.js';
import { useGet } from '../../../core/use_get.js';
import { shortJson } from '../../../components/values.js';

/**
 * @typedef {import('../timeline/timeline_rows.js').Row} Row
 * @param {{runId: string, step: any, rows: Row[]}} props
 */
export function WhyHere({ runId, step, rows }) {
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
export function Conditions({ decision, title = 'Why this decision?' }) {
  const cases = decision.evaluations ?? [];
  const matched = cases.some((/** @type {any} */ one) => one.matched);
  return html`<section class="why"><h3>${title}</h3>
    <ol>${cases.map((/** @type {any} */ one) => html`<li key=${one.caseIndex} value=${one.caseIndex + 1}>
      ${one.conditions.map((/** @type {any} */ condition) => html`<p class=${condition.matched ? 'tone-good' : 'muted'}>
        <code>${questionOf(condition)}</code> ${answerOf(condition)}</p>`)}
      <p>${one.matched ? html`<strong>It matches: the run goes to ${one.next ?? 'its end'}.</strong>` : 'It doesn’t match.'}</p>
    </li>`)}</ol>
    ${!matched && html`<p>${cases.length > 0 ? 'No case matches: the' : 'The'} run goes to
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
