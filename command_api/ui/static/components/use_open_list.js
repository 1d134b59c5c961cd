/** A list that opens below its button, above everything else on the page. */
import { useEffect, useLayoutEffect } from '../vendor/preact.js';

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
