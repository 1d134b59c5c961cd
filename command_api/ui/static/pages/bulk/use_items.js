/** The outcomes of a bulk's runs, page by page, in the order in which they were recorded. */
import { useEffect, useRef, useState } from '../../vendor/preact.js';
import { get } from '../../core/api.js';

const PAGE = 200;
const MOST = 20_000;

/**
 * @typedef {{cursor: string | undefined, items: any[]}} Page
 * @typedef {{pages: Page[], next: string | undefined, error: any}} Pages
 */

/** @type {Pages} */
const NOTHING = { pages: [], next: undefined, error: null };

/**
 * @param {string} id The bulk's id.
 * @param {string | undefined} outcome Only runs with this newest outcome.
 * @param {number} treated Runs with an outcome; more of them read the last page again.
 * @param {number} round The round of the bulk; another one reads all again.
 * @returns {{items: any[], more: (() => void) | undefined, error: any}}
 */
export function useItems(id, outcome, treated, round) {
  const [state, setState] = useState(NOTHING);
  const pages = useRef(NOTHING);
  const busy = useRef(false);
  const key = `${id} ${outcome} ${round}`;
  const current = useRef(key);
  /** Read a page and put it behind the first `keep` pages. */
  const read = async (/** @type {string | undefined} */ cursor, /** @type {number} */ keep) => {
    if (busy.current && current.current === key) return;
    busy.current = true;
    current.current = key;
    /** @type {Partial<Pages>} */
    let found;
    try {
      const { data } = await get(`/bulk/${id}/items`, { outcome, cursor, limit: PAGE });
      found = { pages: [...pages.current.pages.slice(0, keep), { cursor, items: data.items }], next: data.next, error: null };
    } catch (error) {
      found = { error };
    }
    if (current.current !== key) return;
    busy.current = false;
    pages.current = { ...pages.current, ...found };
    setState(pages.current);
  };
  useEffect(() => {
    pages.current = NOTHING;
    read(undefined, 0);
    return () => {
      current.current = '';
    };
  }, [key]);
  useEffect(() => {
    const { pages: shown } = pages.current;
    if (shown.length > 0) read(shown[shown.length - 1].cursor, shown.length - 1);
  }, [treated]);
  const items = state.pages.flatMap((page) => page.items);
  const { next, error } = state;
  const more = next !== undefined && items.length < MOST ? () => read(next, state.pages.length) : undefined;
  return { items, more, error };
}
