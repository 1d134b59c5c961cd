/** Labels with values, as a description list. */
import { html } from '../vendor/preact.js';

/** @param {{rows: ([string, any] | null | false | undefined)[]}} props Empty entries are left out. */
export function Fields({ rows }) {
  const shown = /** @type {[string, any][]} */ (rows.filter(Boolean));
  return html`<dl class="fields">
    ${shown.map(([label, value]) => html`<div key=${label}>
      <dt>${label}</dt><dd>${value ?? html`<span class="muted">–</span>`}</dd>
    </div>`)}
  </dl>`;
}
