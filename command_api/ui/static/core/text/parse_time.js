/** Times that a reader types, on the clock of the chosen zone. */
import { formatInstant } from '../time.js';

/**
 * Return the UTC time of a clock's time in the chosen zone, null for none.
 *
 * @param {string} text Such as "2026-01-05T12:01:07" or "2026-01-05 12:01".
 */
export function fromZone(text) {
  const wanted = Date.parse(`${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(wanted)) return null;
  let at = wanted;
  for (let tries = 0; tries < 2; tries += 1) { // the offset may change between the two times
    const shown = formatInstant(new Date(at).toISOString()).replace(' ', 'T');
    at += wanted - Date.parse(`${shown}Z`);
  }
  return new Date(at).toISOString();
}
