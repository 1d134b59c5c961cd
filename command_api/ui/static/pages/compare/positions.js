/** Chooses the two positions at which a run is compared. */
import { html } from '../../vendor/preact.js';
import { setQuery } from '../../core/router.js';

/** @param {{from: number, to: number}} props */
export function Positions({ from, to }) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    setQuery({ from: String(form.get('from')), to: String(form.get('to')) }, { replace: false });
  };
  return html`<form class="tools" onSubmit=${submit}>
    <label class="inline">from position <input name="from" type="number" min="0" required key=${`from ${from}`} defaultValue=${from} /></label>
    <label class="inline">to position <input name="to" type="number" min="0" required key=${`to ${to}`} defaultValue=${to} /></label>
    <button type="submit">Compare</button>
  </form>`;
}
