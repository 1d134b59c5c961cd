/** Requests to Baton’s own API, and its stream of changes. */
import { asOf, search } from './router.js';
import { ENDED, endSession, half, tenant, UNREACHABLE } from './session.js';

/**
 * @typedef {Record<string, string | number | boolean | (string | number)[] | null | undefined>}
 *   QueryValues
 * @typedef {{data: any, position: number | null, headers: Headers}} Answer
 */

/** The paths that can be read as of an earlier position. */
const HISTORIC = [
  /^\/definitions(\/[^/]+(\/(versions(\/[^/]+)?|diff|explain|graph|source|stats))?)?$/,
  /^\/runs(\/[^/]+(\/(diff|events|timeline|explain|steps\/[^/]+))?)?$/,
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
  const historic = HISTORIC.some((pattern) => pattern.test(path));
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
function credentials() {
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
  return json && text !== '' ? parseExactly(text) : text;
}

/** Texts without such a number are parsed by the browser alone, which is faster. */
const LONG_NUMBER = /\d{16}/;

/**
 * Return the value of a JSON text, in which a whole number that a number of JavaScript would round
 * is a BigInt.
 *
 * @param {string} text
 */
function parseExactly(text) {
  return LONG_NUMBER.test(text) ? JSON.parse(text, /** @type {any} */ (exact)) : JSON.parse(text);
}

/**
 * @param {string} _name
 * @param {any} value
 * @param {{source: string} | undefined} context Older browsers give none.
 */
function exact(_name, value, context) {
  const rounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  const digits = rounded && context ? context.source : '';
  return /^-?\d+$/.test(digits) ? BigInt(digits) : value;
}

/** A BigInt is written to JSON by its digits. */
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value() { return /** @type {any} */ (JSON).rawJSON(String(this)); },
});

/**
 * Return the position of the log that an answer reflects, null if it names none.
 *
 * @param {Headers} headers
 */
function position(headers) {
  const value = headers.get('Baton-As-Of') ?? headers.get('Baton-Position');
  return value === null ? null : Number(value);
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** The server sends something at least every 15 s; a connection silent for longer is broken. */
const SILENT_MS = 40_000;

/**
 * Read the stream until `signal` is aborted.
 *
 * @param {{topics: string[], after: number | null, signal: AbortSignal,
 *   onFrame: (frame: Frame) => void, onBroken: () => void}} options `after` is the position to
 *   resume behind, null to begin now; then `onFrame` gets a resync with the position. `onBroken` is
 *   called when the connection ended, before it is opened again.
 */
export async function readStream({ topics, after, signal, onFrame, onBroken }) {
  let resumeAt = after;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      await readOnce(topics, resumeAt, signal, (frame) => {
        pause = FIRST_PAUSE_MS;
        resumeAt = frame.id ?? resumeAt;
        onFrame(frame);
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof BeyondTheLog) resumeAt = null;
    }
    if (signal.aborted) return;
    onBroken();
    await sleep(pause * (0.5 + Math.random()), signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** The position to resume behind isn't in the log, such as after the data folder was replaced. */
class BeyondTheLog extends Error {}

/**
 * @param {string[]} topics
 * @param {number | null} after
 * @param {AbortSignal} signal
 * @param {(frame: Frame) => void} onFrame
 */
async function readOnce(topics, after, signal, onFrame) {
  const query = new URLSearchParams({ topics: topics.join(',') });
  if (after !== null) query.set('after', String(after));
  const connection = new AbortController();
  const abort = () => connection.abort();
  signal.addEventListener('abort', abort);
  let silence = setTimeout(abort, SILENT_MS);
  try {
    const response = await fetch(`/stream?${query}`, {
      headers: { ...credentials(), Accept: 'text/event-stream' }, signal: connection.signal,
    });
    if (response.status === 400 && after !== null) throw new BeyondTheLog();
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    if (after === null) onFrame(beginning(response.headers));
    for await (const frame of frames(response.body)) {
      clearTimeout(silence);
      silence = setTimeout(abort, SILENT_MS);
      if (frame.type === 'end') return;
      onFrame(frame);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
    abort();
  }
}

/**
 * Return the first event of a stream that begins now: pages may have read their data before.
 *
 * @param {Headers} headers
 * @returns {Frame}
 */
function beginning(headers) {
  const begins = position(headers);
  return { type: 'resync', position: begins, id: begins, data: {} };
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/**
 * One event of a stream. `position` is the one it reflects, `id` the position to resume behind, which
 * only the last event of a group has. A comment has the type "comment".
 *
 * @typedef {{type: string, position: number | null, id: number | null, data: any}} Frame
 */

/**
 * Yield the events of a stream until it ends.
 *
 * @param {ReadableStream<BufferSource>} body
 * @returns {AsyncGenerator<Frame>}
 */
async function* frames(body) {
  const decoder = /** @type {any} */ (new TextDecoderStream());
  const reader = body.pipeThrough(decoder).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (text + value).split('\n\n');
    text = parts.pop() ?? '';
    yield* parts.map(parse);
  }
}

/**
 * @param {string} part
 * @returns {Frame}
 */
function parse(part) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of part.split('\n')) {
    const [, name, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields[name] = value;
  }
  const { id, event = 'message', data } = fields;
  if (data === undefined) return { type: 'comment', position: null, id: null, data: null };
  const members = JSON.parse(data);
  const resume = id === undefined ? null : Number(id);
  return { type: event, position: members.position ?? resume, id: resume, data: members };
}
