/** The button that shows all pages as they were earlier; its bar is loaded when it is opened. */
import { html, signal } from '../vendor/preact.js';
import { asOf } from '../core/as_of.js';
import { Lazy } from '../components/lazy.js';

const BAR = async () => (await import('./as_of_bar.js')).AsOfBar;

/** Whether the bar is open while no earlier position is shown. */
export const barOpen = signal(false);

/** The button of the top bar. */
export function AsOfButton() {
  if (asOf.value !== null) return null;
  return html`<button
    type="button" class="quiet" aria-expanded=${barOpen.value} title="Show all pages as they were earlier"
    onClick=${() => (barOpen.value = !barOpen.value)}
  >As of: now</button>`;
}

/** The bar below the top bar; open while an earlier position is shown. */
export function AsOf() {
  return asOf.value === null && !barOpen.value ? null : html`<${Lazy} load=${BAR} />`;
}
