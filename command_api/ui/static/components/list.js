/** Lists of the API: their rows are read as the reader scrolls, and followed at the top. */
import { html, useState } from '../vendor/preact.js';
import { useGet, useReading } from '../core/reading.js';
import { Failure, Loading } from './notice.js';
import { Table } from './table.js';

/**
 * @typedef {import('../core/reading.js').Status & {rows: any[] | undefined, total: number,
 *   more: () => void, rowKey?: import('./table.js').RowKey, unsearched?: boolean, most?: number}} Listing
 *   `rows` is undefined until the first answer. `total` counts rows that aren't read yet, too, of which
 *   the server lists `most`; `more` reads further ones. `unsearched` is true where a search has stopped
 *   without a row, before the end.
 */

const PAGE = 100;
/** The most rows that the server lists at once. */
const MOST = 500;

/**
 * Read a list whose path takes a `limit`: all of its rows are read again whenever it changes.
 *
 * @param {string} path
 * @param {import('../core/reading.js').QueryValues} query
 * @param {string} member The member of an answer that holds the rows.
 * @param {import('../core/reading.js').Follow} [follow]
 * @returns {Listing}
 */
export function useList(path, query, member, follow) {
  const [limit, setLimit] = useState(PAGE);
  const { data, ...status } = useGet(path, { ...query, limit }, follow);
  const more = () => setLimit(Math.min(limit + PAGE, MOST));
  return { ...status, rows: data?.[member], total: data?.total ?? 0, most: MOST, more };
}

/**
 * Read a list page by page, the newest rows first.
 *
 * @param {string} path
 * @param {import('../core/reading.js').QueryValues} query
 * @param {string} member The member of an answer that holds the rows.
 * @param {import('../core/reading.js').Follow & {before?: string,
 *   rowKey?: (row: any) => string}} [options] `before` is the parameter that takes the `next` of an
 *   answer.
 * @returns {Listing}
 */
export function usePages(path, query, member, { before = 'cursor', rowKey = idOf, ...follow } = {}) {
  const { rows, next, ...status } = useReading(path, query, NOTHING, async ({ get, set, state, asked }) => {
    const find = (/** @type {any} */ cursor, /** @type {number} */ tries) => findRows((at) => get({ [before]: at }), member, cursor, tries);
    if (state.rows === undefined) set(await find('', TRIES));
    else if (asked === 'more') {
      const older = await find(state.next, TRIES);
      set({ ...older, rows: [...state.rows, ...older.rows] });
    } else set(joined(await find('', 1), state, rowKey));
  }, follow);
  const total = (rows?.length ?? 0) + (next === undefined ? 0 : 1);
  return { ...status, rows, total, rowKey, more: () => status.reload('more') };
}

/**
 * @typedef {{rows: any[], next: string | number | undefined, unsearched: boolean}} Found Rows, and the
 *   cursor of the page behind them, undefined behind the last one.
 */

const NOTHING = { .../** @type {Partial<Found>} */ ({}), unsearched: false };
const idOf = (/** @type {any} */ row) => String(row.id);
/** Requests of one search: a page of the log may hold no row. */
const TRIES = 20;

/**
 * Read pages until one of them holds a row.
 *
 * @param {(cursor: any) => Promise<any>} read
 * @param {string} member
 * @param {string | number | undefined} cursor
 * @param {number} tries
 * @returns {Promise<Found>}
 */
async function findRows(read, member, cursor, tries) {
  let rows = /** @type {any[]} */ ([]);
  let next = cursor;
  for (let left = tries; left > 0 && rows.length === 0 && next !== undefined; left -= 1) {
    const data = await read(next);
    rows = data[member];
    next = data.next;
  }
  return { rows, next, unsearched: rows.length === 0 && next !== undefined };
}

/**
 * Return the newest page, with the rows that were read earlier behind it if it reaches them.
 *
 * @param {Found} newest
 * @param {Found} earlier
 * @param {(row: any) => string} rowKey
 */
function joined(newest, earlier, rowKey) {
  const keys = new Set(newest.rows.map(rowKey));
  const older = earlier.rows.filter((row) => !keys.has(rowKey(row)));
  const reaches = newest.rows.length === 0 || older.length < earlier.rows.length;
  return reaches ? { ...earlier, rows: [...newest.rows, ...older] } : newest;
}

/**
 * The table of a list, or what stands in its place while it is read or has no row.
 *
 * @param {{of: Listing, label: string, columns: import('./table.js').Column[], empty: any, children?: any,
 *   onOpen?: (row: any) => void, links?: boolean, current?: string}} props `empty` stands in the place of no row; the
 *   children say how to find the rows that aren't listed.
 */
export function List({ of, empty, children, ...table }) {
  const { rows, total, error, reload, more, rowKey, unsearched, most = Infinity } = of;
  return html`<${Failure} error=${error} onRetry=${rows === undefined ? reload : more} />
    ${rows === undefined ? !error && html`<${Loading} />` : rows.length === 0 && !unsearched && empty}
    ${rows !== undefined && rows.length > 0 && html`<${Table} rowKey=${rowKey} ...${table} rows=${rows}
      total=${Math.min(total, most)} onEnd=${more} />`}
    ${unsearched && html`<p class="muted">The part of the log that was searched has no further one.
      ${' '}<button type="button" onClick=${more}>Look further back</button></p>`}
    ${total > most && html`<p class="muted">The list ends after ${most} of them. ${children}</p>`}`;
}
