/** The options of a bulk's action: those of the same action on a single run. */
import { html } from '../../vendor/preact.js';
import { INFLIGHT, TIMERS } from '../run/actions/pause_options.js';
import { EMPTY, RerunFields, rerunBody } from '../run/actions/rerun_fields.js';

/** @typedef {Record<string, string>} Entered What the fields of the form hold. */

/**
 * Return the options as the API takes them. Throws an ApiError that names a field with a fault.
 *
 * @param {string} action
 * @param {Entered} entered
 * @returns {Record<string, any>}
 */
export function toArgs(action, entered) {
  if (action === 'rerun') return rerunBody({ ...EMPTY, ...entered });
  const pairs = (FIELDS[action] ?? []).map((name) => [name, entered[name]?.trim()]);
  return Object.fromEntries(pairs.filter(([, text]) => text));
}

/** @type {Record<string, string[]>} */
const FIELDS = {
  cancel: ['reason'], retry: ['stepId'], pause: ['reason', 'inflight'], resume: ['timers'],
};

/** @type {Record<string, [string, string][]>} */
const CHOICES = { inflight: INFLIGHT, timers: TIMERS };

/** @type {Record<string, string>} */
const LABELS = {
  reason: 'Reason, which each run shows', inflight: 'Running attempts', timers: 'Delays and backoffs',
  stepId: 'Step to retry; without one, every failed step',
};

/**
 * @param {{action: string, entered: Entered, onEnter: (entered: Entered) => void}} props
 */
export function BulkOptions({ action, entered, onEnter }) {
  const set = (/** @type {string} */ name) => (/** @type {any} */ { target }) => onEnter({ ...entered, [name]: target.value });
  if (action === 'rerun') return html`<${RerunFields} fields=${{ ...EMPTY, ...entered }} steps=${[]} change=${(/** @type {any} */ { target }) => onEnter({ ...entered, [target.name]: target.value })} />`;
  return html`${(FIELDS[action] ?? []).map((name) => html`<label key=${name}>${LABELS[name]}
    <${Field} name=${name} value=${entered[name] ?? ''} onInput=${set(name)} />
  </label>`)}`;
}

/** @param {{name: string, value: string, onInput: (event: any) => void}} props */
function Field({ name, value, onInput }) {
  if (CHOICES[name]) {
    return html`<select name=${name} value=${value || CHOICES[name][0][0]} onChange=${onInput}>
      ${CHOICES[name].map(([word, label]) => html`<option key=${word} value=${word}>${label}</option>`)}
    </select>`;
  }
  return html`<input name=${name} value=${value} maxlength="200" onInput=${onInput} />`;
}
