/** The rows of a list that is read page by page, by cursor. */
import { useEffect, useRef, useState } from '../vendor/preact.js';
import { get } from './api.js';

/**
 * @typedef {{rows: any[], next: string | undefined, error: any}} Pages `next` is the cursor of the
 *   next page, undefined behind the last one.
 */

/** @type {Pages} */
const BEGINNING = { rows: [], next: '', error: null };

/**
 * Read the first page that has rows; a page may hold none and still have a next one.
 *
 * @param {string} path
 * @param {import('./api.js').QueryValues} query
 * @param {string} member The member of an answer that holds the rows.
 * @returns {Pages & {more: () => void}} `more` reads the next page, or again after an error.
 */
export function usePages(path, query, member) {
  const [state, setState] = useState(BEGINNING);
  const reading = useRef(/** @type {AbortController | null} */ (null));
  const read = async (/** @type {Pages} */ before) => {
    if (reading.current !== null || before.next === undefined) return;
    const { signal } = (reading.current = new AbortController());
    let found = before;
    try {
      const { data } = await get(path, { ...query, cursor: before.next }, { signal });
      found = { rows: [...before.rows, ...data[member]], next: data.next, error: null };
    } catch (error) {
      found = { ...before, error };
    }
    if (signal.aborted) return;
    reading.current = null;
    setState(found);
  };
  useEffect(() => {
    setState(BEGINNING);
    read(BEGINNING);
    return () => {
      reading.current?.abort();
      reading.current = null;
    };
  }, [path, JSON.stringify(query)]);
  useEffect(() => {
    if (state.rows.length === 0 && state.error === null && state !== BEGINNING) read(state);
  }, [state]);
  return { ...state, more: () => read(state) };
}
