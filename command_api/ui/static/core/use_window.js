/** The rows of a long list that are near the visible part of its scrolling box. */
import { useLayoutEffect, useRef, useState } from '../vendor/preact.js';

const SPARE = 5;
/** A list never has more rows in the document, however high its box is. */
const MOST = 80;

/**
 * Return which of `count` rows have to be in the document.
 *
 * @param {number} count
 * @param {number} rowHeight Pixels of each row.
 * @param {number} [head] Pixels of what stands above the first row in the box.
 * @returns {{ref: {current: any}, first: number, last: number, before: number, after: number,
 *   scrollTo: (index: number) => void}} `ref` goes to the box that scrolls. Rows from `first` to
 *   `last` (not included) are shown, between gaps of `before` and `after` pixels. `scrollTo` brings
 *   a row into view.
 */
export function useWindow(count, rowHeight, head = 0) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [{ top, height }, setBox] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const box = ref.current;
    if (box === null) return undefined;
    const step = rowHeight * (SPARE / 2);
    const look = () => setBox((before) => {
      const found = { top: Math.floor(box.scrollTop / step) * step, height: box.clientHeight };
      return found.top === before.top && found.height === before.height ? before : found;
    });
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(box);
    box.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      box.removeEventListener('scroll', look);
    };
  }, [rowHeight]);
  const first = Math.max(0, Math.min(Math.floor(top / rowHeight) - SPARE, count - 1));
  const wanted = Math.ceil(height / rowHeight) + 3 * SPARE;
  const last = Math.min(count, first + Math.min(wanted, MOST));
  const scrollTo = (/** @type {number} */ index) => {
    const box = ref.current;
    if (box === null) return;
    const start = index * rowHeight;
    const end = start + rowHeight + head;
    if (start < box.scrollTop) box.scrollTop = start;
    else if (end > box.scrollTop + box.clientHeight) box.scrollTop = end - box.clientHeight;
  };
  return {
    ref, first, last, before: first * rowHeight, after: (count - last) * rowHeight, scrollTo,
  };
}
