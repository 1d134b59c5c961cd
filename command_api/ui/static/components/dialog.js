/** A modal dialog. The browser keeps the focus inside and gives it back; Escape closes it. */
import { html, useEffect, useRef } from '../vendor/preact.js';
import { useId } from '../core/ids.js';

/** @param {{title: string, open: boolean, onClose: () => void, wide?: boolean, children?: any}} props */
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
 * The buttons at the end of a dialog; the last one closes it.
 *
 * @param {{onClose: () => void, children?: any}} props The children do what the dialog is for.
 */
export function DialogButtons({ onClose, children }) {
  return html`<p class="actions">${children}<button type="button" onClick=${onClose}>Close</button></p>`;
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
