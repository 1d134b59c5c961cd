/** The order of lists of runs: the newest request first, then by id. */

/** @typedef {Record<string, any>} Run */

/**
 * @param {Run} one
 * @param {Run} other
 */
export function compareRuns(one, other) {
  if (one.requestedAt !== other.requestedAt) return one.requestedAt > other.requestedAt ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}

/**
 * Return rows with further runs at their places.
 *
 * @param {Run[]} rows In the order of the list.
 * @param {Run[]} fresh Runs that aren't among the rows.
 */
export function mergeFresh(rows, fresh) {
  const waiting = [...fresh].sort(compareRuns);
  /** @type {Run[]} */
  const merged = [];
  for (const row of rows) {
    while (waiting.length > 0 && compareRuns(waiting[0], row) < 0) merged.push(/** @type {Run} */ (waiting.shift()));
    merged.push(row);
  }
  return [...merged, ...waiting];
}
