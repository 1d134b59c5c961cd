/** Lines for a shell that do what a page does; they name a variable instead of a token. */

/**
 * Return a curl line for a request to this server.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export function curlLine(method, path, body) {
  const parts = ['curl', ...(method === 'GET' ? [] : ['-X', method]), '-H', '"Authorization: Bearer $BATON_TOKEN"'];
  if (body !== undefined) {
    parts.push('-H', '"Content-Type: application/json"', '-d', quoted(JSON.stringify(body)));
  }
  return [...parts, quoted(location.origin + path)].join(' ');
}

/**
 * Return a line of Baton's command line.
 *
 * @param {...string} words
 */
export function cliLine(...words) {
  return ['baton', ...words.map((word) => (/^[\w./:-]+$/.test(word) ? word : quoted(word)))].join(' ');
}

/**
 * Return a text as one word of a shell.
 *
 * @param {string} text
 */
export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
