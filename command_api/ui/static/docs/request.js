/** Makes the request of an operation from the values of its form, and the same as a line of curl. */
import { quoted } from '../components/copy.js';

/**
 * @typedef {{method: string, url: string, headers: Record<string, string>, body?: string}} Request
 */

/**
 * Return the request; throws an Error that names a path parameter without a value.
 *
 * @param {import('./documents.js').Operation} operation
 * @param {{server: string, values: Record<string, string>, body: string, media: string,
 *   headers: Record<string, string>}} form `values` are those of parameters by place and name.
 * @returns {Request}
 */
export function requestOf(operation, { server, values, body, media, headers }) {
  const path = (server.replace(/\/$/, '') + operation.path).replace(/\{([^}]+)\}/g, (_, name) => {
    const value = values[`path ${name}`] ?? '';
    if (value === '') throw new Error(`Give a value for ${name}: it is a part of the path.`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  const sent = { ...headers };
  for (const { name, in: place, schema } of operation.parameters) {
    const value = values[`${place} ${name}`] ?? '';
    if (value === '') continue;
    if (place === 'header') sent[name] = value;
    if (place === 'query') partsOf(value, schema).forEach((part) => query.append(name, part));
  }
  if (body !== '') sent['Content-Type'] = media;
  const search = query.toString();
  return {
    method: operation.method,
    url: path + (search && `?${search}`),
    headers: sent,
    ...(body !== '' && { body }),
  };
}

/**
 * Return a command that sends the same; it names a variable instead of the token.
 *
 * @param {Request} request
 */
export function curlOf({ method, url, headers, body }) {
  const { 'X-Baton-UI': half, ...named } = headers;
  if (half !== undefined || named.Authorization !== undefined) named.Authorization = 'Bearer $BATON_TOKEN';
  const parts = [`curl -s -X ${method} ${quoted(location.origin + url)}`];
  for (const [name, value] of Object.entries(named)) {
    parts.push(name === 'Authorization' ? `-H "${name}: ${value}"` : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body !== undefined) parts.push(`-d ${quoted(body)}`);
  return parts.join(' \\\n  ');
}

/**
 * @param {string} value
 * @param {any} schema
 */
function partsOf(value, schema) {
  return schema?.type === 'array' ? value.split(',').map((one) => one.trim()) : [value];
}
