/** Types of events that a reader folds away; failures are always shown. */
import { preference } from '../../core/session.js';
import { isFailure } from '../streams/failures.js';

/** The types that are folded, remembered by this browser. */
export const folded = preference('folded', /** @type {string[]} */ ([]));

/** @param {string} type */
export function toggleFolded(type) {
  const rest = folded.value.filter((one) => one !== type);
  folded.value = rest.length < folded.value.length ? rest : [...rest, type].sort();
}

/**
 * Return the rows of a list: events, and `{fold, key, count, types}` for each group of folded ones.
 *
 * @param {any[]} events
 * @param {string[]} types
 */
export function foldRows(events, types) {
  const away = new Set(types.filter((type) => !isFailure(type)));
  if (away.size === 0) return events;
  /** @type {any[]} */
  const rows = [];
  for (const event of events) {
    const last = rows[rows.length - 1];
    if (!away.has(event.type)) rows.push(event);
    else if (last?.fold) add(last, event);
    else rows.push(add({ fold: true, key: `fold-${event.position}`, count: 0, types: {} }, event));
  }
  return rows;
}

/**
 * @param {any} group
 * @param {any} event
 */
function add(group, event) {
  group.count += 1;
  group.types[event.type] = (group.types[event.type] ?? 0) + 1;
  return group;
}

/**
 * Return how many events there are of each type, the most frequent first.
 *
 * @param {any[]} events
 * @returns {[string, number][]}
 */
export function countTypes(events) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([a, of], [b, than]) => than - of || a.localeCompare(b));
}
