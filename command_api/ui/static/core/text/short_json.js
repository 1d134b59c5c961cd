/** JSON values in one line. */

/**
 * Return a value as JSON, cut behind `most` characters; nothing for undefined.
 *
 * @param {any} value
 * @param {number} most
 */
export function shortJson(value, most) {
  const text = value === undefined ? '' : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
