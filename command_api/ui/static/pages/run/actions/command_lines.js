/** Lines for a terminal that do what the page does; they hold no token. */

/** @param {string} id */
export function curlLine(id) {
  return `curl -H "Authorization: Bearer $BATON_TOKEN" "${location.origin}/runs/${encodeURIComponent(id)}"`;
}

/** @param {string} id */
export const showLine = (id) => `baton runs show ${id}`;

/** @param {string} id */
export const cancelLine = (id) => `baton runs cancel ${id}`;

/**
 * @param {string} id
 * @param {string} [from] a step
 */
export const rerunLine = (id, from = 'start') => `baton runs rerun ${id} --from ${quoted(from)}`;

/** @param {string} text */
const quoted = (text) => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
