/** A button that opens a list of actions. Arrow keys move in it, Escape closes it. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { useId } from '../core/ids.js';
import { useOpenList } from './use_open_list.js';

/**
 * @typedef {{label: string, onPick: () => void, disabled?: boolean, why?: string}} Item `why` says
 *   why the action is off.
 * @param {{label: any, items: Item[], name?: string, icon?: boolean}} props `name` is the button's
 *   name for screen readers, where its label is a sign.
 */
export function Menu({ label, items, name, icon = false }) {
  const [open, setOpen] = useState(false);
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const id = useId('menu');
  useOpenList(ref, open, () => setOpen(false));
  useEffect(() => {
    if (open) moveIn(ref.current, 0);
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (!open || !(event.key in KEYS)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === 'Escape') close();
    else moveIn(ref.current, KEYS[event.key]);
  };
  const pick = (/** @type {Item} */ item) => {
    if (item.disabled) return;
    close();
    item.onPick();
  };
  return html`<span class="menu" ref=${ref} onKeyDown=${onKeyDown}>
    <button
      type="button" ref=${button} class=${icon ? 'icon' : undefined} aria-haspopup="menu"
      aria-expanded=${open} aria-controls=${open ? id : undefined} aria-label=${name}
      onClick=${() => setOpen(!open)}
    >${label} <span aria-hidden="true">▾</span></button>
    ${open && html`<div class="menu-items" role="menu" id=${id} popover="manual">
      ${items.map((item) => html`<button
        type="button" role="menuitem" tabindex="-1" key=${item.label} title=${item.why}
        aria-disabled=${item.disabled ? 'true' : undefined} onClick=${() => pick(item)}
      >${item.label}${item.disabled && item.why ? html`<small>${item.why}</small>` : null}</button>`)}
    </div>`}
  </span>`;
}

/** @type {Record<string, number>} Steps of the keys in the list; Escape closes it. */
const KEYS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity, Escape: 0 };

/**
 * Move the focus among the items of a menu.
 *
 * @param {HTMLElement | null} menu
 * @param {number} step Zero goes to the first one.
 */
function moveIn(menu, step) {
  const items = /** @type {HTMLElement[]} */ ([...(menu?.querySelectorAll('[role=menuitem]') ?? [])]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = step === 0 ? 0 : at + step;
  items[Math.max(0, Math.min(next, items.length - 1))]?.focus();
}
