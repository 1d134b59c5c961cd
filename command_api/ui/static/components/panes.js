/** The parts of a page: tabs, side panes, and dialogs. */
import { html, useEffect, useRef } from '../vendor/preact.js';
import { useShortcut } from '../core/keyboard.js';
import { useId } from './actions.js';
import { formatCount } from './values.js';

const MOVES = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1 });

/**
 * Tabs: one is current; arrow keys move among them. The panel below them belongs to the page.
 *
 * @param {{tabs: {id: string, label: string, count?: number}[], current: string, label?: string,
 *   onPick: (id: string) => void}} props
 */
export function Tabs({ tabs, current, onPick, label }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const move = MOVES[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const index = tabs.findIndex(({ id }) => id === current);
    const next = (index + move + tabs.length) % tabs.length;
    onPick(tabs[next].id);
    /** @type {HTMLElement} */ (list.current?.children[next]).focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${onKeyDown}>
    ${tabs.map(({ id, label: name, count }) => html`<button
      type="button" role="tab" key=${id} aria-selected=${id === current}
      tabindex=${id === current ? 0 : -1} onClick=${() => onPick(id)}
    >${name}${count !== undefined && html` <span class="count">${formatCount(count)}</span>`}</button>`)}
  </div>`;
}

/**
 * The side pane with the details of the chosen row of a list. Escape closes it.
 *
 * @param {{title: any, onClose: () => void, children?: any}} props
 */
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

/**
 * A modal dialog. The browser keeps the focus inside and gives it back; Escape closes it.
 *
 * @param {{title: string, open: boolean, onClose: () => void, wide?: boolean, children?: any}} props
 */
export function Dialog({ title, open, onClose, wide = false, children }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId('dialog');
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (!open || dialog === null) return undefined;
    dialog.showModal();
    focusFirst(dialog);
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [open]);
  if (!open) return null;
  const onCancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog
    ref=${ref} aria-labelledby=${id} class=${wide ? 'wide' : undefined} onCancel=${onCancel}
    onClick=${(/** @type {Event} */ event) => event.target === ref.current && onClose()}
  >
    <div class="dialog-box">
      <div class="pane-head"><h2 id=${id} tabindex="-1">${title}</h2>
        <button type="button" class="icon" aria-label="Close" onClick=${onClose}>✕</button></div>
      ${children}
    </div>
  </dialog>`;
}

/**
 * Give the focus to the first field, else to the title: never to a button that ends something.
 *
 * @param {HTMLDialogElement} dialog
 */
function focusFirst(dialog) {
  const field = dialog.querySelector('[autofocus], input, select, textarea') ?? dialog.querySelector('h2');
  /** @type {HTMLElement | null} */ (field)?.focus();
}
