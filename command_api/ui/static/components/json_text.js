/** Forms that send JSON: a field that is checked while it is typed, and the key of a request. */
import { html } from '../vendor/preact.js';

/**
 * Return the value of a JSON text, or what is wrong with it.
 *
 * @param {string} text Blank text is undefined, which needs no error.
 * @returns {{value?: any, error?: string}}
 */
export function parseJson(text) {
  if (text.trim() === '') return {};
  try {
    return { value: JSON.parse(text, exact) };
  } catch (error) {
    return { error: /** @type {Error} */ (error).message };
  }
}

/**
 * Return a member's value; throws for a whole number that a browser can't hold exactly.
 *
 * @param {string} _name
 * @param {any} value
 */
function exact(_name, value) {
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  throw new Error(`A browser rounds the number ${value}. Send it by the command line or as text.`);
}

/**
 * @param {{label: string, value: string, onInput: (text: string) => void, rows?: number,
 *   error?: string, hint?: string}} props `error` says why the text isn't accepted.
 */
export function JsonText({ label, value, onInput, rows = 8, error = parseJson(value).error, hint }) {
  return html`<div>
    <label>${label} ${hint && html`<small class="muted">${hint}</small>`}
      <textarea rows=${rows} spellcheck=${false} value=${value} aria-invalid=${error !== undefined}
        onInput=${(/** @type {any} */ { target }) => onInput(target.value)}></textarea></label>
    <p class="tone-bad" role="status">${error}</p>
  </div>`;
}

/** Return a new key: an idempotency key, or the id of an event that is sent. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `ui-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
