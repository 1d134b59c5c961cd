/** The options of a bulk's action: those of the same action on a single run. */
import { html } from '../../vendor/preact.js';

/** @typedef {Record<string, string>} Entered What the fields of the form hold. */

/**
 * Return the options as the API takes them. Throws an Error that says which field can't be read.
 *
 * @param {string} action
 * @param {Entered} entered
 */
export function toArgs(action, entered) {
  /** @type {Record<string, any>} */
  const args = {};
  for (const name of FIELDS[action] ?? []) {
    const text = entered[name]?.trim() ?? '';
    if (text === '') continue;
    if (JSON_FIELDS[name]) args[name] = objectOf(JSON_FIELDS[name], text);
    else args[name] = NUMBERS.includes(name) && /^\d+$/.test(text) ? Number(text) : text;
  }
  return args;
}

const NUMBERS = ['version', 'visit'];
/** @type {Record<string, string>} The fields that hold an object as JSON, and how messages name them. */
const JSON_FIELDS = {
  inputPatch: 'The change of the input', contextPatch: 'The change of the context', outputs: 'The field of outputs',
};

/**
 * @param {string} label
 * @param {string} text
 */
function objectOf(label, text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`${label} is no JSON: ${/** @type {Error} */ (error).message}`);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new Error(`${label} must be a JSON object.`);
  return found;
}

/** @type {Record<string, string[]>} */
const FIELDS = {
  cancel: ['reason'], retry: ['stepId'], pause: ['reason', 'inflight'], resume: ['timers'],
  rerun: ['from', 'visit', 'version', 'inputPatch', 'contextPatch', 'outputs', 'reason'],
};

/** @type {Record<string, [string, string][]>} */
const CHOICES = {
  inflight: [['finish', 'end as usual'], ['cancel', 'are cancelled, and start again after the pause']],
  timers: [['fire', 'keep their due times'], ['shift', 'are moved by the time of the pause'], ['skip', 'end at once']],
};

/** @type {Record<string, string>} */
const LABELS = {
  reason: 'Reason, which each run shows', inflight: 'Running attempts', timers: 'Delays and backoffs',
  stepId: 'Step to retry; without one, every failed step', from: 'From: start, failed (the failed steps), or the id of a step',
  visit: 'Visit of the step, in a loop; without one, the newest', version: 'Version: pinned (that of each run), latest, or a number',
  outputs: 'Outputs of steps that don’t run, by step id',
  inputPatch: 'Change of the input (a JSON merge patch)', contextPatch: 'Change of the context (a JSON merge patch)',
};

/**
 * @param {{action: string, entered: Entered, onEnter: (entered: Entered) => void}} props
 */
export function BulkOptions({ action, entered, onEnter }) {
  const set = (/** @type {string} */ name) => (/** @type {any} */ { target }) => onEnter({ ...entered, [name]: target.value });
  return html`${(FIELDS[action] ?? []).map((name) => html`<label key=${name}>${LABELS[name]}
    <${Field} name=${name} value=${entered[name] ?? ''} onInput=${set(name)} />
  </label>`)}`;
}

/** @type {Record<string, string>} What the API takes for an empty field. */
const DEFAULTS = { from: 'start', version: 'pinned' };

/** @param {{name: string, value: string, onInput: (event: any) => void}} props */
function Field({ name, value, onInput }) {
  if (CHOICES[name]) {
    return html`<select name=${name} value=${value || CHOICES[name][0][0]} onChange=${onInput}>
      ${CHOICES[name].map(([word, label]) => html`<option key=${word} value=${word}>${label}</option>`)}
    </select>`;
  }
  if (JSON_FIELDS[name]) return html`<textarea name=${name} rows="2" spellcheck="false" value=${value} placeholder=${name === 'outputs' ? '{"validate": {"isValid": true}}' : '{"card": "4242"}'} onInput=${onInput}></textarea>`;
  return html`<input name=${name} value=${value} maxlength="200" placeholder=${DEFAULTS[name]} onInput=${onInput} />`;
}
