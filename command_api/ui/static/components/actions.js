/** Buttons that can be off and say why, and menus. */
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact.js';
import { readOnly } from '../core/router.js';
import { may } from '../core/session.js';

/** The reason why an action is off while a page shows the past. */
const PAST = 'This page shows the past, in which nothing can be changed. Return to now.';

/**
 * A button that can be off, and then can be reached all the same, so that its reason can be read.
 *
 * @param {{label: string, onAct: () => void, why?: string | null | false, busy?: boolean,
 *   primary?: boolean}} props `why` is the reason why the action is off, nothing if it is on.
 */
export function Action({ label, onAct, why, busy = false, primary = false }) {
  const id = useId('why');
  const off = why || busy;
  return html`<button
    type="button" title=${why || undefined} aria-disabled=${off ? 'true' : undefined} class=${primary ? 'primary' : undefined}
    aria-describedby=${why ? id : undefined} onClick=${() => off || onAct()}
  >${busy ? `${label.replace('…', '')}…` : label}${why && html`<span class="hidden" id=${id}>${why}</span>`}</button>`;
}

/** Return whether the reader may change something: the session permits it, and the page shows no past. */
export function mayChange() {
  return may('orchestrator:write') && !readOnly.value;
}

/** Return the reason why nothing can be changed while a page shows the past, else `why`. */
export function whyNow(/** @type {string | null | false} */ why = '') {
  return readOnly.value ? PAST : why;
}

/**
 * A button that opens a list of actions. Arrow keys move in it, Escape closes it.
 *
 * @typedef {{label: string, onPick: () => void}} Item
 * @param {{label: any, items: Item[], name?: string, icon?: boolean, opened?: boolean}} props `name`
 *   is the button's name for screen readers, where its label is a sign. `opened` shows it open at first.
 */
export function Menu({ label, items, name, icon = false, opened = false }) {
  const [open, setOpen] = useState(opened);
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
        type="button" role="menuitem" tabindex="-1" key=${item.label} onClick=${() => pick(item)}
      >${item.label}</button>`)}
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

const GAP = 3;

/**
 * While it is open, show the `[popover]` in an element below its button, inside the window, and
 * call `close` once something else is pressed, gets the focus, or scrolls.
 *
 * @param {{current: HTMLElement | null}} ref Holds the button and the list.
 * @param {boolean} open
 * @param {() => void} close
 */
export function useOpenList(ref, open, close) {
  useLayoutEffect(() => {
    if (open) place(ref.current);
  }, [open]);
  useEffect(() => {
    if (!open) return undefined;
    const look = (/** @type {Event} */ event) => {
      if (!ref.current?.contains(/** @type {Node} */ (event.target))) close();
    };
    const events = ['pointerdown', 'focusin', 'scroll'];
    events.forEach((name) => document.addEventListener(name, look, true));
    return () => events.forEach((name) => document.removeEventListener(name, look, true));
  }, [open]);
}

/** @param {HTMLElement | null} holder */
function place(holder) {
  const list = /** @type {HTMLElement | null | undefined} */ (holder?.querySelector('[popover]'));
  if (!holder || !list) return;
  list.showPopover();
  const button = holder.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const below = button.bottom + GAP;
  const above = button.top - GAP - height;
  const { clientWidth } = document.documentElement; // without the bar that scrolls
  const fits = below + height <= innerHeight || above < 0;
  list.style.left = `${Math.max(GAP, Math.min(button.left, clientWidth - width - 2 * GAP))}px`;
  list.style.top = `${fits ? below : above}px`;
}

let count = 0;

/**
 * Return an id that no other element of the page has, the same as long as the component is shown.
 *
 * @param {string} prefix
 */
export function useId(prefix) {
  return useMemo(() => `${prefix}-${++count}`, []);
}
