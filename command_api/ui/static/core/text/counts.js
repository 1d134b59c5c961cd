/** Numbers as texts. */

/**
 * Return a number with commas between its thousands.
 *
 * @param {number} count
 */
export function formatCount(count) {
  return count.toLocaleString('en');
}

/**
 * Return a number with its noun, such as "1 run" or "1,204 runs".
 *
 * @param {number} count
 * @param {string} noun The singular; the plural has an "s" more.
 */
export function counted(count, noun) {
  return `${formatCount(count)} ${count === 1 ? noun : `${noun}s`}`;
}
