/** The theme: as the system has it, light, or dark. */
import { html } from '../vendor/preact.js';
import { preference } from '../core/preferences.js';

/** "auto", "light" or "dark". */
export const theme = preference('theme', 'auto');

const NEXT = /** @type {Record<string, string>} */ ({ auto: 'light', light: 'dark', dark: 'auto' });
const ICONS = /** @type {Record<string, string>} */ ({ auto: '◐', light: '☀', dark: '☾' });

/** A button that goes through the themes. */
export function ThemeButton() {
  const name = theme.value in NEXT ? theme.value : 'auto';
  const label = `Theme: ${name}. Change to ${NEXT[name]}.`;
  return html`<button
    type="button" class="icon" title=${label} aria-label=${label}
    onClick=${() => (theme.value = NEXT[name])}
  ><span aria-hidden="true">${ICONS[name]}</span></button>`;
}
