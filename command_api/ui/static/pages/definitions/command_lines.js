/** Lines for a shell that do what a page does. */

/**
 * Return a curl line for a request; token and address are variables of the shell.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export function curlLine(method, path, body) {
  const parts = ['curl', '-X', method, '-H', '"Authorization: Bearer $BATON_TOKEN"'];
  if (body !== undefined) {
    parts.push('-H', '"Content-Type: application/json"', '-d', quoted(JSON.stringify(body)));
  }
  return [...parts, `"$BATON_URL${path}"`].join(' ');
}

/**
 * Return a line of the command line.
 *
 * @param {...string} words
 */
export function cliLine(...words) {
  return ['baton', ...words.map((word) => (/^[\w./:-]+$/.test(word) ? word : quoted(word)))].join(' ');
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Return a new idempotency key. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `ui-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
