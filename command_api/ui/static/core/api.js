/** Requests to Baton's own API. */
import { asOf } from './as_of.js';
import { search } from './router.js';
import { endSession, ENDED, half, tenant, UNREACHABLE } from './session.js';

/**
 * @typedef {Record<string, string | number | boolean | (string | number)[] | null | undefined>}
 *   QueryValues
 * @typedef {{data: any, position: number | null, headers: Headers}} Answer
 */

/** The paths that can be read as of an earlier position. */
const HISTORIC = [
  /^\/definitions(\/[^/]+(\/(versions(\/[^/]+)?|diff|graph|source|stats))?)?$/,
  /^\/runs(\/[^/]+(\/(events|timeline|explain|steps\/[^/]+))?)?$/,
  /^\/schedules(\/[^/]+(\/(ticks|next))?)?$/,
  /^\/records(\/[^/]+(\/explain)?)?$/,
  /^\/streams\/[^/]+\/[^/]+\/events$/,
  /^\/(log|stats)$/,
];

/** A refusal of the server, or a failure to reach it (status 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   * @param {{field: string, message: string}[]} details The faults by parameter or member.
   */
  constructor(status, code, message, details = []) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/**
 * Read a path. Throws ApiError, and an AbortError once `signal` is aborted.
 *
 * @param {string} path
 * @param {QueryValues} [query] An array repeats its name; empty values are left out.
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<Answer>}
 */
export function get(path, query = {}, { signal } = {}) {
  const historic = HISTORIC.some((one) => one.test(path));
  const asked = historic && asOf.value !== null ? { asOf: asOf.value, ...query } : query;
  return exchange('GET', path + search(asked), { signal });
}

/**
 * Send a command. Throws ApiError.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] Sent as JSON; undefined sends none.
 * @param {{key?: string, signal?: AbortSignal}} [options] `key` is the idempotency key.
 * @returns {Promise<Answer>}
 */
export function send(method, path, body, { key, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (key !== undefined) headers['Idempotency-Key'] = key;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  return exchange(method, path, { headers, body: JSON.stringify(body), signal });
}

/** Return the headers that identify the session. */
export function credentials() {
  /** @type {Record<string, string>} */
  const headers = { 'X-Baton-UI': half.value };
  if (tenant.value !== '') headers['X-Tenant'] = tenant.value;
  return headers;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{headers?: Record<string, string>, body?: string, signal?: AbortSignal}} options
 * @returns {Promise<Answer>}
 */
async function exchange(method, path, { headers = {}, body, signal }) {
  const sent = { Accept: 'application/json', ...credentials(), ...headers };
  let response, data;
  try {
    response = await fetch(path, { method, headers: sent, body, signal });
    data = await read(response);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'unreachable', UNREACHABLE);
  }
  if (response.ok) return { data, position: position(response.headers), headers: response.headers };
  if (response.status === 401) endSession(ENDED);
  const { error = 'error', message, details } = Object(data);
  const text = message ?? `The server answered ${response.status}.`;
  throw new ApiError(response.status, error, text, details);
}

/** @param {Response} response */
async function read(response) {
  const text = await response.text();
  const json = response.headers.get('Content-Type')?.includes('json');
  return json && text !== '' ? JSON.parse(text) : text;
}

/**
 * Return the position of the log that an answer reflects, null if it names none.
 *
 * @param {Headers} headers
 */
export function position(headers) {
  const value = headers.get('Baton-As-Of') ?? headers.get('Baton-Position');
  return value === null ? null : Number(value);
}
