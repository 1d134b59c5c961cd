/** The states of a run's steps in its definition's graph, and the edges that the run took. */

/**
 * @typedef {import('./timeline/timeline_rows.js').Row} Row
 * @typedef {{status?: string, note?: string, executionId?: string}} StepState
 */

/**
 * Return the state of each step by its id, from its newest row.
 *
 * @param {Row[]} rows in the order of their beginnings
 * @returns {Map<string, StepState>}
 */
export function stepStates(rows) {
  /** @type {Map<string, {row: Row, visits: number}>} */
  const newest = new Map();
  for (const row of rows) {
    const visits = newest.get(row.stepId)?.visits ?? 0;
    newest.set(row.stepId, { row, visits: Math.max(visits, row.visit) });
  }
  return new Map([...newest].map(([stepId, { row, visits }]) => [stepId, {
    status: row.status,
    note: noteOf(row, visits),
    executionId: row.executionId,
  }]));
}

/**
 * @param {Row} row
 * @param {number} visits
 */
function noteOf(row, visits) {
  const parts = [];
  if (row.copied) parts.push('taken over');
  if (row.attempt > 1) parts.push(`attempt ${row.attempt}`);
  if (visits > 1) parts.push(`visit ${visits}`);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/**
 * Return the edges that the run took, as "from to" with a null character between the ids.
 *
 * @param {Row[]} rows
 * @param {{flow: string, edges: {from: string, to: string}[]}} graph
 * @returns {Set<string>}
 */
export function takenEdges(rows, { flow, edges }) {
  if (flow === 'needs') {
    const started = new Set(rows.filter((row) => row.status !== 'skipped').map((row) => row.stepId));
    const taken = edges.filter(({ from, to }) => started.has(from) && started.has(to));
    return new Set(taken.map(({ from, to }) => edgeKey(from, to)));
  }
  const taken = new Set();
  rows.forEach((row, index) => {
    const next = rows[index + 1];
    if (next !== undefined && next.attempt === 1) taken.add(edgeKey(row.stepId, next.stepId));
  });
  return taken;
}

/**
 * @param {string} from
 * @param {string} to
 */
export const edgeKey = (from, to) => `${from}\u0000${to}`;
