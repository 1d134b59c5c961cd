/** Shows what resuming a run would do now, for each treatment of its timers, and resumes it. */
import { html, useState } from '../../../vendor/preact.js';
import { Time } from '../../../core/time.js';
import { useGet } from '../../../core/use_get.js';
import { Failure, Loading } from '../../../components/notice.js';
import { Dialog, DialogButtons } from '../../../components/panes.js';
import { attemptText } from '../step/step_name.js';
import { TIMERS } from './pause_options.js';

/**
 * @param {{runId: string, onClose: () => void, onPerform: (body: object) => Promise<void>}} props
 */
export function ResumeDialog({ runId, onClose, onPerform }) {
  const [timers, setTimers] = useState('fire');
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  const path = `/runs/${encodeURIComponent(runId)}/resume-preview`;
  const { data, error } = useGet(path, { timers });
  return html`<${Dialog} title="Resume the run" open onClose=${onClose}>
    <div class="form">
      <label>Delays and backoffs <select value=${timers}
          onChange=${(/** @type {any} */ event) => setTimers(event.target.value)}>
        ${TIMERS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}
      </select></label>
      ${data === undefined ? !error && html`<${Loading} />` : html`<${Preview} preview=${data} />`}
      ${(error || failure) && html`<${Failure} error=${error ?? failure} />`}
      <${DialogButtons} onClose=${onClose}>
        <button type="button" class="primary"
          onClick=${() => onPerform({ timers }).catch(setFailure)}>Resume the run</button>
      <//>
    </div>
  <//>`;
}

/** @param {{preview: any}} props */
function Preview({ preview: { held, arrived, next } }) {
  return html`
    ${held.length > 0 && html`<h3>Timers</h3><ul>${held.map((/** @type {any} */ one) => html`<li>
      ${one.stepId}: the ${one.kind} ${one.will === 'fire' ? 'ends at once' : html`ends <${Time} at=${one.endsAt} />`}</li>`)}</ul>`}
    ${arrived.length > 0 && html`<h3>Outcomes that came during the pause</h3><ul>
      ${arrived.map((/** @type {any} */ one) => html`<li>${one.stepId}, attempt ${one.attempt}: ${one.outcome}</li>`)}</ul>`}
    <h3>Resuming records</h3>
    <ol>${next.map((/** @type {any} */ one) => html`<li>${nextText(one)}</li>`)}</ol>`;
}

/** @param {any} one */
function nextText({ event, stepId, visit, attempt }) {
  return [event.replace(/^run\./, ''), stepId, attemptText({ visit, attempt })].filter(Boolean).join(' ');
}
