/** Forms: their fields, the dialogs that hold them, and the requests that they cause. */
import { html, useState } from '../vendor/preact.js';
import { Failure } from './notice.js';
import { Dialog } from './panes.js';

/** Return a new key: an idempotency key, or the id of an event that is sent. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `ui-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * A request that a click causes: `act` makes it, `busy` says whether it is under way, and `failure`
 * why the last one failed.
 */
export function useAct() {
  const [state, setState] = useState({ busy: false, failure: /** @type {any} */ (null) });
  const act = async (/** @type {() => any} */ task) => {
    setState({ busy: true, failure: null });
    try {
      await task();
      setState({ busy: false, failure: null });
    } catch (failure) {
      setState({ busy: false, failure });
    }
  };
  return { ...state, act };
}

/**
 * Return what a form does when it is sent.
 *
 * @param {() => any} send
 */
export function submit(send) {
  return (/** @type {Event} */ event) => {
    event.preventDefault();
    send();
  };
}

/**
 * A dialog whose button does something. It stays open while that fails, and says why.
 *
 * @param {{title: string, label: string, onAct: () => any, onClose: () => void, open?: boolean,
 *   wide?: boolean, danger?: boolean, off?: any, buttons?: any, children?: any}} props `label` is
 *   the button's. `off` is true, or the reason, if the button can't be used. `buttons` stand before it.
 */
export function FormDialog(props) {
  const { title, label, onAct, onClose, open = true, wide, danger, off = false, buttons, children } = props;
  const { busy, failure, act } = useAct();
  return html`<${Dialog} title=${title} open=${open} wide=${wide} onClose=${onClose}>
    <form class="form" onSubmit=${submit(() => busy || off || act(onAct))}>
      ${children}
      <${Failure} error=${failure} />
      <p class="actions">
        ${buttons}
        <button type="submit" class=${danger ? 'danger' : 'primary'} disabled=${busy || Boolean(off)}
          title=${typeof off === 'string' ? off : ''}>${label}</button>
        <button type="button" onClick=${onClose}>Close</button>
      </p>
    </form>
  <//>`;
}

/**
 * A field of one line. Further properties are those of the element.
 *
 * @param {{label: any, value: string, onInput: (text: string) => void, hint?: string, class?: string}
 *   & Record<string, any>} props
 */
export function Field({ label, value, onInput, hint, class: look, ...input }) {
  return html`<label class=${look}>${label} <input value=${value} ...${input}
    onInput=${(/** @type {any} */ { target }) => onInput(target.value)} />
    ${hint && html`<span class="muted">${hint}</span>`}</label>`;
}

/**
 * A choice of one of a few values; an option is a value, or a value with its words.
 *
 * @param {{label: any, value: any, options: (string | number | (string | number)[])[],
 *   onPick: (value: string) => void, class?: string}} props
 */
export function Choice({ label, value, options, onPick, class: look }) {
  return html`<label class=${look}>${label} <select value=${String(value)}
    onChange=${(/** @type {any} */ { target }) => onPick(target.value)}>
    ${options.map((option) => {
      const [choice, words = choice] = [option].flat();
      return html`<option key=${choice} value=${String(choice)}>${words}</option>`;
    })}
  </select></label>`;
}

/**
 * Return the value of a JSON text, or a message about its fault.
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
 * A field for JSON, which is checked while it is typed.
 *
 * @param {{label: string, value: string, onInput: (text: string) => void, rows?: number,
 *   hint?: string}} props
 */
export function JsonText({ label, value, onInput, rows = 8, hint }) {
  const { error } = parseJson(value);
  return html`<div>
    <label>${label} ${hint && html`<small class="muted">${hint}</small>`}
      <textarea rows=${rows} spellcheck=${false} value=${value} aria-invalid=${error !== undefined}
        onInput=${(/** @type {any} */ { target }) => onInput(target.value)}></textarea></label>
    <p class="tone-bad" role="status">${error}</p>
  </div>`;
}
