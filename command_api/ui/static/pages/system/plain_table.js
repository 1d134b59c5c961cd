/** A short table, all of whose rows are in the document. */
import { html } from '../../vendor/preact.js';
import { formatCount } from '../../components/values.js';

/** @param {{label: string, heads: string[], rows: any[][], empty?: string}} props */
export function PlainTable({ label, heads, rows, empty = 'There is none.' }) {
  if (rows.length === 0) return html`<p class="muted">${empty}</p>`;
  return html`<div class="plain" tabindex="0" role="region" aria-label=${label}><table aria-label=${label}>
    <thead><tr>${heads.map((head, at) => html`<th key=${head} scope="col" class=${alignment(rows[0][at])}>${head}</th>`)}</tr></thead>
    <tbody>${rows.map((row, at) => html`<tr key=${at}>${row.map((cell, column) => html`<td
      key=${column} class=${alignment(cell)}>${cellOf(cell)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** @param {any} cell Numbers stand at the right of their column. */
function alignment(cell) {
  return typeof cell === 'number' ? 'numeric' : undefined;
}

/** @param {any} cell */
function cellOf(cell) {
  return typeof cell === 'number' ? formatCount(cell) : cell;
}
