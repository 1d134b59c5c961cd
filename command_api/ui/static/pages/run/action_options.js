/** The options of pausing, resuming and rerunning, the same for one run and for many. */
import { html } from '../../vendor/preact.js';
import { ApiError } from '../../core/api.js';
import { parseJson } from '../../components/json_text.js';

/** @type {[string, string][]} What becomes of attempts that are running when a run is paused. */
export const INFLIGHT = [['finish', 'go on to their end'], ['cancel', 'are cancelled, and start again after the pause']];

/** @type {[string, string][]} What becomes of delays and backoffs when a run is resumed. */
export const TIMERS = [
  ['fire', 'end at the time that they had'], ['shift', 'end later, by the time of the pause'], ['skip', 'end at once'],
];

/** @typedef {{from: string, visit: string, version: string, inputPatch: string, contextPatch: string,
 *   outputs: string, reason: string}} Fields */

/** @type {Fields} The options of a rerun that changes nothing. */
export const EMPTY = {
  from: 'start', visit: '', version: 'pinned', inputPatch: '', contextPatch: '', outputs: '', reason: '',
};

/** @param {{fields: Fields, steps: string[], change: (event: any) => void}} props `steps` are proposed. */
export function RerunFields({ fields, steps, change }) {
  return html`
    <label>From <input name="from" required maxlength="64" list="rerun-steps" value=${fields.from} onInput=${change} />
      <span class="muted">start, failed (the failed steps), or the id of a step</span></label>
    <datalist id="rerun-steps">${['start', 'failed', ...steps].map((id) => html`<option key=${id} value=${id} />`)}</datalist>
    <label>Visit of the step <input name="visit" type="number" min="1" value=${fields.visit} onInput=${change} />
      <span class="muted">in a loop; without one, the newest</span></label>
    <label>Version <input name="version" required pattern="pinned|latest|[1-9][0-9]{0,5}" value=${fields.version} onInput=${change} />
      <span class="muted">pinned (the one of the run), latest, or a number</span></label>
    <${JsonField} name="inputPatch" label="Change of the input" fields=${fields} change=${change}
      hint='a merge patch, such as {"card": "4242"}; null removes a member' />
    <${JsonField} name="contextPatch" label="Change of the context" fields=${fields} change=${change}
      hint="a merge patch of the context as it was at the step" />
    <${JsonField} name="outputs" label="Outputs of steps that don’t run" fields=${fields} change=${change}
      hint='by step id, such as {"validate": {"isValid": true}}' />
    <label>Reason <input name="reason" maxlength="200" value=${fields.reason} onInput=${change} /></label>`;
}

/** @param {{name: keyof Fields, label: string, hint: string, fields: Fields, change: (event: any) => void}} props */
function JsonField({ name, label, hint, fields, change }) {
  return html`<label>${label} <textarea name=${name} rows="2" spellcheck=${false} value=${fields[name]} onInput=${change}></textarea>
    <span class="muted">${hint}</span></label>`;
}

/**
 * Return the body of the request. Throws an ApiError that names a member that isn't JSON.
 *
 * @param {Fields} fields
 */
export function rerunBody({ from, visit, version, inputPatch, contextPatch, outputs, reason }) {
  return {
    from,
    version: /^\d+$/.test(version) ? Number(version) : version,
    ...(visit && { visit: Number(visit) }),
    ...member('inputPatch', inputPatch),
    ...member('contextPatch', contextPatch),
    ...member('outputs', outputs),
    ...(reason && { reason }),
  };
}

/**
 * @param {string} name
 * @param {string} text
 */
function member(name, text) {
  const { value, error } = parseJson(text);
  if (error !== undefined) {
    const fault = { field: name, message: `isn’t JSON that can be sent: ${error}` };
    throw new ApiError(0, 'invalid', 'A field isn’t JSON.', [fault]);
  }
  return value === undefined ? {} : { [name]: value };
}
