/** Data of a component, read from the API and kept up to date. */
import { useCallback, useEffect, useRef, useState } from '../vendor/preact.js';
import { ApiError, get } from './api.js';
import { subscribe } from './live.js';
import { asOf, search } from './router.js';
import { tenant } from './session.js';

const PAUSE_MS = 500;

/**
 * @typedef {{data: any, position: number | null, error: ApiError | null, loading: boolean,
 *   reload: () => void}} Loaded `data` is undefined until the first answer; `loading` is true until
 *   the path or the query that was asked for last has been answered.
 * @typedef {{data?: any, position?: number | null, error: ApiError | null}} Found
 */

/**
 * Read a path, again when it, the query, the tenant or the position changes, and after live events.
 *
 * @param {string | null} path Null reads nothing.
 * @param {import('./api.js').QueryValues} [query]
 * @param {{topics?: string[], everyMs?: number}} [options] `topics` are those of `subscribe`; the
 *   path is read at most once per 500 ms. `everyMs` reads it again at that distance as well.
 * @returns {Loaded}
 */
export function useGet(path, query = {}, { topics = [], everyMs = 0 } = {}) {
  const key = path === null ? null : `${path}${search(query)} ${asOf.value} ${tenant.value}`;
  const [state, setState] = useState(() => nothing(null, null));
  const reading = useRef(/** @type {Reader | null} */ (null));
  useEffect(() => {
    if (path === null) return undefined;
    setState((before) => (before.path === path ? { ...before, key } : nothing(path, key)));
    const reader = new Reader(path, query, (found) => {
      setState((before) => ({ ...before, ...found, answered: key }));
    });
    reading.current = reader;
    reader.read();
    return () => reader.close();
  }, [key]);
  useEffect(() => {
    if (path === null || topics.length === 0 || asOf.value !== null) return undefined;
    return subscribe(topics, (event) => reading.current?.onEvent(event));
  }, [key, topics.join()]);
  useEffect(() => {
    if (path === null || everyMs === 0 || asOf.value !== null) return undefined;
    const timer = setInterval(() => document.hidden || reading.current?.read(), everyMs);
    return () => clearInterval(timer);
  }, [key, everyMs]);
  const reload = useCallback(() => reading.current?.read(), []);
  const { data, position, error, answered } = state.path === path ? state : nothing(path, key);
  return { data, position, error, loading: key !== null && answered !== key, reload };
}

/**
 * @param {string | null} path
 * @param {string | null} key
 */
function nothing(path, key) {
  return {
    path, key, data: undefined, answered: /** @type {string | null} */ (null),
    position: /** @type {number | null} */ (null), error: /** @type {ApiError | null} */ (null),
  };
}

/** Reads one path: one request at a time, and after live events at most one per 500 ms. */
class Reader {
  /**
   * @param {string} path
   * @param {import('./api.js').QueryValues} query
   * @param {(found: Found) => void} onFound
   */
  constructor(path, query, onFound) {
    this.path = path;
    this.query = query;
    this.onFound = onFound;
    this.abort = new AbortController();
    this.position = -1;
    this.busy = false;
    this.again = false;
    this.readAt = 0;
    this.timer = 0;
  }

  /** @param {import('./live.js').LiveEvent} event */
  onEvent(event) {
    if (event.position === null || event.position > this.position) this.readSoon();
  }

  readSoon() {
    if (this.busy) this.again = true;
    else if (this.timer === 0) {
      const wait = Math.max(0, this.readAt + PAUSE_MS - Date.now());
      this.timer = setTimeout(() => this.read(), wait);
    }
  }

  async read() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    this.readAt = Date.now();
    const found = await this.ask();
    this.busy = false;
    if (this.abort.signal.aborted) return;
    this.onFound(found);
    if (this.again) {
      this.again = false;
      this.readSoon();
    }
  }

  /** @returns {Promise<Found>} */
  async ask() {
    try {
      const { data, position } = await get(this.path, this.query, { signal: this.abort.signal });
      this.position = position ?? -1;
      return { data, position, error: null };
    } catch (error) {
      if (error instanceof ApiError) return { error };
      return { error: new ApiError(0, 'error', String(error)) };
    }
  }

  close() {
    clearTimeout(this.timer);
    this.abort.abort();
  }
}
