/** The newest events of the tenant's log, kept up to date in bounded memory. */
import { useEffect, useRef, useState } from '../../vendor/preact.js';
import { get } from '../../core/api.js';
import { subscribe } from '../../core/live.js';
import { asOf } from '../../core/router.js';

/** The rows that are kept; older ones can be read as of an earlier position. */
export const MOST = 5000;
const PAGE = 500;
const NEWER = 1000;
/** Pages of newer events that are read at once; beyond them the tail begins again at the end. */
const CATCH_UP = 5;
const PAUSE_MS = 500;
const POLL_MS = 5000;
/** Greater than every position. */
const END = 9_999_999_999;

/**
 * @typedef {{events: any[], next: number, head: number, error: any, waiting: boolean,
 *   skipped: boolean}} Tail `events` has the newest first. `next` is 1 at the beginning of the log.
 *   `waiting` is true while a paused tail knows of newer events, `skipped` after the tail has left
 *   out events to reach the end.
 */

/** @type {Tail} */
const NOTHING = { events: [], next: 0, head: 0, error: null, waiting: false, skipped: false };

/**
 * Follow the log.
 *
 * @param {string[]} types Only events of these types; none means all.
 * @param {boolean} paused
 * @returns {Tail & {more: () => void}} `more` reads older events.
 */
export function useTail(types, paused) {
  const [tail, setTail] = useState(NOTHING);
  const follower = useRef(/** @type {Follower | null} */ (null));
  useEffect(() => {
    setTail(NOTHING);
    const made = new Follower(types, paused, setTail);
    follower.current = made;
    made.begin();
    const ends = asOf.value === null ? follow(made) : () => undefined;
    return () => {
      made.abort.abort();
      ends();
    };
  }, [types.join(), asOf.value]);
  useEffect(() => follower.current?.setPaused(paused), [paused]);
  return { ...tail, more: () => follower.current?.older() };
}

/** @param {Follower} follower */
function follow(follower) {
  const unsubscribe = subscribe(['log'], () => follower.newer());
  const timer = setInterval(() => document.hidden || follower.newer(), POLL_MS);
  return () => {
    unsubscribe();
    clearInterval(timer);
  };
}

class Follower {
  /**
   * @param {string[]} types
   * @param {boolean} paused
   * @param {(tail: Tail) => void} onTail
   */
  constructor(types, paused, onTail) {
    this.types = types;
    this.onTail = onTail;
    this.abort = new AbortController();
    this.tail = NOTHING;
    this.paused = paused;
    this.busy = false;
    /** @type {(() => void) | null} What to read once the current request has ended. */
    this.queued = null;
  }

  /** @param {boolean} paused */
  setPaused(paused) {
    this.paused = paused;
    if (!paused && this.tail.waiting) this.newer();
  }

  begin() {
    this.exclusively(() => this.begin(), () => this.fromTheEnd());
  }

  older() {
    if (this.tail.next <= 1 || this.tail.events.length >= MOST) return;
    this.exclusively(() => this.older(), async () => {
      const { events, next } = await this.read({ before: this.tail.next, limit: PAGE });
      this.set({ events: [...this.tail.events, ...events].slice(0, MOST), next });
    });
  }

  newer() {
    if (!this.paused) this.exclusively(() => this.newer(), () => this.catchUp());
    else if (!this.tail.waiting) this.set({ waiting: true });
  }

  async fromTheEnd() {
    const { events, next, head } = await this.read({ before: END, limit: PAGE });
    this.set({ events, next, head, waiting: false });
  }

  async catchUp() {
    let found = /** @type {any[]} */ ([]);
    let after = this.tail.head;
    for (let page = 1; ; page += 1) {
      const { events, next, head } = await this.read({ after, limit: NEWER });
      found = [...events.reverse(), ...found];
      after = next;
      if (next >= head) break;
      if (page === CATCH_UP) {
        await this.fromTheEnd();
        this.set({ skipped: true });
        return;
      }
    }
    this.add(found, after);
  }

  /**
   * @param {any[]} found Newer events, the newest first.
   * @param {number} head
   */
  add(found, head) {
    if (found.length === 0) {
      this.set({ head, waiting: false });
      return;
    }
    const events = [...found, ...this.tail.events].slice(0, MOST);
    const { next } = this.tail;
    this.set({ events, head, waiting: false, next: events.length < MOST ? next : events[MOST - 1].position });
  }

  /** @param {Record<string, number>} query */
  async read(query) {
    const { data } = await get('/log', { ...query, type: this.types }, { signal: this.abort.signal });
    return data;
  }

  /**
   * Run one task at a time.
   *
   * @param {() => void} again Called later instead, if a task is running; only the first one waits.
   * @param {() => Promise<void>} task
   */
  async exclusively(again, task) {
    if (this.busy) {
      this.queued ??= again;
      return;
    }
    this.busy = true;
    try {
      await task();
      if (this.tail.error !== null) this.set({ error: null });
    } catch (error) {
      this.set({ error });
    }
    setTimeout(() => this.rested(), PAUSE_MS);
  }

  rested() {
    this.busy = false;
    const next = this.queued;
    this.queued = null;
    if (!this.abort.signal.aborted) next?.();
  }

  /** @param {Partial<Tail>} changes */
  set(changes) {
    if (this.abort.signal.aborted) return;
    this.tail = { ...this.tail, ...changes };
    this.onTail(this.tail);
  }
}
