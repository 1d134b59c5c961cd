/** The progress of a bulk: how many of its runs have an outcome. */
import { html } from '../../vendor/preact.js';
import { formatCount } from '../../components/values.js';

/** @param {{bulk: Record<string, any>}} props */
export function Progress({ bulk: { total, pending, action } }) {
  const treated = total - pending;
  return html`<span class="bulk-progress">
    <progress max=${Math.max(total, 1)} value=${treated} aria-label="Runs of ${action} that have an outcome"></progress>
    <span class="nowrap">${formatCount(treated)} of ${formatCount(total)}</span>
  </span>`;
}
