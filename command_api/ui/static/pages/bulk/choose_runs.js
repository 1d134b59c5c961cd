/** The runs of a bulk, as `POST /bulk` takes them. */
import { get } from '../../core/api.js';
import { formatCount } from '../../components/values.js';

/**
 * @typedef {{ids: string[]}
 *   | {query: Record<string, any>, filter: Record<string, any> | null, total: number}} Choice
 *   Runs that were selected, or all that match the parameters of a list. `filter` is null if the
 *   list has a condition that bulks don't have; then the runs are named by their ids.
 */

/** The most runs that a bulk names. */
const MOST_IDS = 40_000;
const PAGE = 500;

/**
 * Return the members of a request that choose the runs. Throws ApiError, and an Error for more runs
 * than can be named.
 *
 * @param {Choice} choice
 * @param {AbortSignal} signal
 * @returns {Promise<{ids?: string[], filter?: Record<string, any>, all?: boolean}>}
 */
export async function chosenRuns(choice, signal) {
  if ('ids' in choice) return { ids: choice.ids };
  if (choice.filter === null) return { ids: await idsOf(choice.query, signal) };
  return Object.keys(choice.filter).length === 0 ? { all: true } : { filter: choice.filter };
}

/**
 * @param {Record<string, any>} query
 * @param {AbortSignal} signal
 */
async function idsOf(query, signal) {
  /** @type {string[]} */
  const ids = [];
  let cursor;
  do {
    const { data } = await get('/runs', { ...query, limit: PAGE, cursor }, { signal });
    ids.push(...data.runs.map((/** @type {any} */ run) => run.id));
    if (ids.length > MOST_IDS) {
      throw new Error(`More than ${formatCount(MOST_IDS)} runs match. Narrow the filter, for example by an earlier and a later time.`);
    }
    cursor = data.next;
  } while (cursor !== undefined);
  return ids;
}
