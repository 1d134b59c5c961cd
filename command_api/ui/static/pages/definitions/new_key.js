/** Keys by which the server recognises a repeated request. */

/** Return a new key: an idempotency key, or the id of an event that is sent. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `ui-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
