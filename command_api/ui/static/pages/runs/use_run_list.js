/** A `RunList` for a component: it follows the filter, the tenant and the reader's place. */
import { useEffect, useRef, useState } from '../../vendor/preact.js';
import { asOf } from '../../core/router.js';
import { RunList } from './run_list.js';

/** @typedef {import('./run_list.js').Snapshot} Snapshot */

/** @type {Snapshot} */
const NOTHING = { rows: [], total: 0, fresh: 0, more: false, loading: true, error: null };

/**
 * @param {Record<string, any>} query The parameters of `GET /runs`.
 * @returns {Snapshot & {list: RunList | null}}
 */
export function useRunList(query) {
  const [snapshot, setSnapshot] = useState(NOTHING);
  const list = useRef(/** @type {RunList | null} */ (null));
  const key = `${JSON.stringify(query)} ${asOf.value}`;
  useEffect(() => {
    setSnapshot((before) => ({ ...before, loading: true, error: null, fresh: 0 }));
    const made = new RunList(query, setSnapshot);
    list.current = made;
    made.start(asOf.value === null);
    return () => made.close();
  }, [key]);
  return { ...snapshot, list: list.current };
}

/**
 * Tell the list what the reader sees of its table.
 *
 * @param {{current: HTMLElement | null}} around An element around the table.
 * @param {{current: RunList | null} | RunList | null} list
 * @param {number} rowHeight Pixels.
 */
export function useReaderPlace(around, list, rowHeight) {
  useEffect(() => {
    const box = around.current?.querySelector('[role=table]');
    if (!box || list === null) return undefined;
    const look = () => {
      const first = Math.floor(box.scrollTop / rowHeight);
      const last = first + Math.ceil(box.clientHeight / rowHeight);
      const target = list instanceof RunList ? list : list.current;
      target?.look({ first, last, atTop: box.scrollTop < rowHeight });
    };
    look();
    box.addEventListener('scroll', look, { passive: true });
    return () => box.removeEventListener('scroll', look);
  });
}
