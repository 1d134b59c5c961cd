/** Data of a component, read from the API and kept up to date. */
import { useCallback, useEffect, useRef, useState } from '../vendor/preact.js';
import { ApiError, get } from './api.js';
import { subscribe } from './live.js';
import { asOf, search } from './router.js';
import { tenant } from './session.js';

const PAUSE_MS = 500;

/**
 * @typedef {import('./api.js').QueryValues} QueryValues
 * @typedef {{topics?: string[], everyMs?: number}} Follow When to read again: after live events of
 *   `topics`, at most once per 500 ms, and every `everyMs`. Nothing is followed in the past.
 * @typedef {{position: number | null, error: ApiError | null, loading: boolean,
 *   reload: (asked?: any) => void}} Status `position` is that of the newest answer. `loading` is true
 *   until the last request has been answered. `reload` reads at once.
 * @typedef {Status & {data: any}} Loaded `data` is undefined until the first answer.
 * @typedef {{get: (query?: QueryValues) => Promise<any>, set: (changes: any) => void, state: any,
 *   asked: any}} Task One reading: `get` reads the path with further parameters, and `set` changes
 *   the state. `state` is the one before; `asked` is what `reload` was called with.
 */

/**
 * Read a path into a state, again when the path, the query, the tenant or the position changes, and
 * as often as `follow` says; one reading at a time. While the path stays the same, the state before
 * is shown until there is a new one.
 *
 * @template {object} S
 * @param {string | null} path Null reads nothing.
 * @param {QueryValues} query
 * @param {S} nothing The state before the first answer.
 * @param {(task: Task) => Promise<void>} read
 * @param {Follow} [follow]
 * @returns {S & Status}
 */
export function useReading(path, query, nothing, read, { topics = [], everyMs = 0 } = {}) {
  const key = path === null ? null : `${path}${search(query)} ${asOf.value} ${tenant.value}`;
  const beginning = { ...nothing, position: null, error: null, path, answered: /** @type {string | null} */ (null) };
  const [state, setState] = useState(/** @type {typeof beginning} */ (beginning));
  const reading = useRef(/** @type {Reading | null} */ (null));
  const newest = useRef(read);
  newest.current = read;
  useEffect(() => {
    if (path === null) return undefined;
    const made = new Reading(path, query, { ...beginning, answered: key }, (task) => newest.current(task), setState);
    reading.current = made;
    made.run();
    return () => made.close();
  }, [key]);
  const followed = path !== null && asOf.value === null;
  useEffect(() => {
    if (!followed || topics.length === 0) return undefined;
    return subscribe(topics, (event) => reading.current?.onEvent(event));
  }, [key, topics.join()]);
  useEffect(() => {
    if (!followed || everyMs === 0) return undefined;
    const timer = setInterval(() => document.hidden || reading.current?.run(), everyMs);
    return () => clearInterval(timer);
  }, [key, everyMs]);
  const reload = useCallback((/** @type {any} */ asked) => reading.current?.run(asked), []);
  const ofPath = state.path === path ? state : beginning;
  return { ...ofPath, loading: key !== null && ofPath.answered !== key, reload };
}

/** Reads one path: one reading at a time. One that is asked for meanwhile waits for its end. */
class Reading {
  /**
   * @param {string} path
   * @param {QueryValues} query
   * @param {any} state
   * @param {(task: Task) => Promise<void>} read
   * @param {(state: any) => void} onState
   */
  constructor(path, query, state, read, onState) {
    this.path = path;
    this.query = query;
    this.state = state;
    this.read = read;
    this.onState = onState;
    this.abort = new AbortController();
    /** The position that everything which was read reflects. */
    this.position = -1;
    this.busy = false;
    /** @type {any[]} Each of them is asked for once the current reading has ended. */
    this.queued = [];
    this.readAt = 0;
    this.timer = 0;
  }

  /** @param {import('./live.js').LiveEvent} event */
  onEvent(event) {
    if (event.position === null || event.position > this.position) this.runSoon(undefined);
  }

  /** @param {any} asked */
  runSoon(asked) {
    if (this.busy) this.queue(asked);
    else if (this.timer === 0) {
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.run(asked);
      }, Math.max(0, this.readAt + PAUSE_MS - Date.now()));
    } else if (asked !== undefined) this.queue(asked);
  }

  /** @param {any} asked */
  queue(asked) {
    if (!this.queued.includes(asked)) this.queued.push(asked);
  }

  /** @param {any} [asked] */
  async run(asked) {
    if (this.busy) {
      this.queue(asked);
      return;
    }
    this.busy = true;
    this.readAt = Date.now();
    await this.task(asked);
    this.busy = false;
    if (this.queued.length > 0 && !this.abort.signal.aborted) this.runSoon(this.queued.shift());
  }

  /** @param {any} asked */
  async task(asked) {
    const { state } = this;
    let first = true;
    try {
      await this.read({
        state,
        asked,
        set: (changes) => this.set({ error: null, ...changes }),
        get: async (further) => {
          const { signal } = this.abort;
          const { data, position } = await get(this.path, { ...this.query, ...further }, { signal });
          if (first) this.position = position ?? -1;
          first = false;
          this.state = { ...this.state, position };
          return data;
        },
      });
      if (this.state.error !== null) this.set({ error: null });
    } catch (error) {
      this.set({ error: error instanceof ApiError ? error : new ApiError(0, 'error', String(error)) });
    }
  }

  /** @param {any} changes */
  set(changes) {
    if (this.abort.signal.aborted) return;
    this.state = { ...this.state, ...changes };
    this.onState(this.state);
  }

  close() {
    clearTimeout(this.timer);
    this.abort.abort();
  }
}

/**
 * Read a path.
 *
 * @param {string | null} path Null reads nothing.
 * @param {QueryValues} [query]
 * @param {Follow} [follow]
 * @returns {Loaded}
 */
export function useGet(path, query = {}, follow = {}) {
  return useReading(path, query, NO_DATA, readData, follow);
}

const NO_DATA = { data: /** @type {any} */ (undefined) };

/** @param {Task} task */
async function readData({ get: read, set }) {
  set({ data: await read() });
}
