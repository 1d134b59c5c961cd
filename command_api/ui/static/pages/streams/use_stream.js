/** The events of one stream, read page by page and kept up to date. */
import { useEffect, useRef, useState } from '../../vendor/preact.js';
import { get } from '../../core/api.js';
import { subscribe } from '../../core/live.js';
import { asOf } from '../../core/router.js';

const PAGE = 1000;
const PAUSE_MS = 3000;

/**
 * @typedef {{events: any[], end: boolean, error: any}} Found `end` is true when `events` reach the
 *   newest one.
 */

/** @type {Found} */
const NOTHING = { events: [], end: false, error: null };

/**
 * Read the events of a stream, at first up to the version `wanted`.
 *
 * @param {string} kind
 * @param {string} id
 * @param {number} wanted
 * @returns {Found & {more: () => void}} `more` reads the next page, or again after an error.
 */
export function useStream(kind, id, wanted) {
  const [found, setFound] = useState(NOTHING);
  const reader = useRef(/** @type {Reader | null} */ (null));
  useEffect(() => {
    setFound(NOTHING);
    const path = `/streams/${kind}/${encodeURIComponent(id)}/events`;
    const made = new Reader(path, wanted, setFound);
    reader.current = made;
    made.more();
    const ends = asOf.value === null ? follow(kind, id, made) : () => undefined;
    return () => {
      made.close();
      ends();
    };
  }, [kind, id, asOf.value]);
  return { ...found, more: () => reader.current?.more() };
}

/**
 * Read on whenever something may have happened; returns the function that ends it.
 *
 * @param {string} kind
 * @param {string} id
 * @param {Reader} reader
 */
function follow(kind, id, reader) {
  if (kind === 'run') return subscribe([`run:${id}`], () => reader.atEnd());
  const timer = setInterval(() => document.hidden || reader.atEnd(), PAUSE_MS);
  return () => clearInterval(timer);
}

class Reader {
  /**
   * @param {string} path
   * @param {number} wanted
   * @param {(found: Found) => void} onFound
   */
  constructor(path, wanted, onFound) {
    this.path = path;
    this.wanted = wanted;
    this.onFound = onFound;
    this.abort = new AbortController();
    this.busy = false;
    this.found = NOTHING;
  }

  atEnd() {
    if (this.found.end) this.more();
  }

  async more() {
    if (this.busy) return;
    this.busy = true;
    do {
      await this.page();
      if (this.abort.signal.aborted) return;
      this.onFound(this.found);
    } while (!this.found.end && !this.found.error && this.last() < this.wanted);
    this.busy = false;
  }

  last() {
    return this.found.events.at(-1)?.version ?? 0;
  }

  async page() {
    const { signal } = this.abort;
    try {
      const { data } = await get(this.path, { after: this.last(), limit: PAGE }, { signal });
      const { events } = this.found;
      const joined = data.events.length > 0 ? [...events, ...data.events] : events;
      this.found = { events: joined, end: data.next === undefined, error: null };
    } catch (error) {
      this.found = { ...this.found, error };
    }
  }

  close() {
    this.abort.abort();
  }
}
