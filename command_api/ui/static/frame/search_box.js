/** The search box: finds runs by the beginning of their id, their correlation id or their record. */
import { html, useRef, useState } from '../vendor/preact.js';
import { get } from '../core/api.js';
import { useShortcut } from '../core/keyboard.js';
import { navigate } from '../core/router.js';

/** A text with one result leads to the run itself, any other one to the list. */
export function SearchBox() {
  const [text, setText] = useState('');
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useShortcut('/', 'Search for runs', () => input.current?.select());
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted === '') return;
    setText('');
    input.current?.blur();
    const only = await onlyRun(wanted);
    if (only === null) navigate('/runs', { q: wanted });
    else navigate(`/runs/${encodeURIComponent(only)}`);
  };
  return html`<form class="search" role="search" aria-label="Runs" onSubmit=${onSubmit}>
    <input
      type="search" ref=${input} value=${text} placeholder="/ id or correlation"
      aria-label="Search for runs by id, correlation id or record id" spellcheck="false"
      onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && input.current?.blur()}
    />
  </form>`;
}

/**
 * Return the id of the only run that a text finds, null for none or several.
 *
 * @param {string} text
 * @returns {Promise<string | null>}
 */
async function onlyRun(text) {
  try {
    const { data } = await get('/runs', { q: text, limit: 2 });
    return data.runs.length === 1 ? data.runs[0].id : null;
  } catch {
    return null; // the list shows why
  }
}
