/** The side pane with the details of what is chosen in a list. Escape closes it. */
import { html } from '../vendor/preact.js';
import { useId } from '../core/ids.js';
import { useShortcut } from '../core/keyboard.js';

/** @param {{title: any, onClose: () => void, children?: any}} props */
export function Pane({ title, onClose, children }) {
  const id = useId('pane');
  useShortcut('Escape', 'Close the pane', onClose);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    onClose();
  };
  return html`<aside class="pane" aria-labelledby=${id} onKeyDown=${onKeyDown}>
    <div class="pane-head"><h2 id=${id}>${title}</h2>
      <button type="button" class="icon" aria-label="Close the pane" title="Close (Esc)" onClick=${onClose}>✕</button></div>
    ${children}
  </aside>`;
}
