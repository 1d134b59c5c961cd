/** The attempts at one visit of a step; each can be opened beside the others. */
import { html } from '../../../vendor/preact.js';
import { route, setQuery, values } from '../../../core/router.js';
import { signOf } from '../../../components/values.js';

/**
 * @param {{rows: import('../timeline/timeline_rows.js').Row[], step: any}} props
 */
export function Attempts({ rows, step }) {
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
 * @param {import('../timeline/timeline_rows.js').Row[]} attempts
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
  if (opened.has(picked)) return [...opened].filter((one) => one !== picked || picked === from);
  return [...opened, picked];
}
