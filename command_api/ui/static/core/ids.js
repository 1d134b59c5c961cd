/** Ids of elements that name each other. */
import { useMemo } from '../vendor/preact.js';

let count = 0;

/**
 * Return an id that no other element of the page has, the same as long as the component is shown.
 *
 * @param {string} prefix
 */
export function useId(prefix) {
  return useMemo(() => `${prefix}-${++count}`, []);
}
