/** The name of a step with the visit and the attempt, where they aren't the first. */
import { html } from '../../../vendor/preact.js';

/**
 * Return which visit and attempt it is, such as "visit 2, attempt 3"; nothing for the first ones.
 *
 * @param {{visit?: number, attempt?: number}} of
 */
export function attemptText({ visit = 1, attempt = 1 }) {
  return [visit > 1 && `visit ${visit}`, attempt > 1 && `attempt ${attempt}`].filter(Boolean).join(', ');
}

/** @param {{row: import('../timeline/timeline_rows.js').Row}} props */
export function StepName({ row }) {
  const text = [attemptText(row), row.copied && 'taken over'].filter(Boolean).join(', ');
  return html`<span title=${row.stepId}>${row.stepId}</span>${text && html` <span class="muted">${text}</span>`}`;
}
