/**
 * The runs of a list: pages are read by cursor, and rows change in place as runs change.
 *
 * However many runs change, the list is read at most every half second, and only its visible rows: the
 * first page for new runs and the total, and the changed rows near the visible part. While all of
 * the first page is new each time, which no reader can follow, it is read every second.
 */
import { useEffect, useRef, useState } from '../../vendor/preact.js';
import { get } from '../../core/api.js';
import { subscribe } from '../../core/live.js';
import { asOf } from '../../core/router.js';

/**
 * @typedef {Record<string, any>} Run
 * @typedef {{rows: Run[], total: number, fresh: number, more: boolean, loading: boolean,
 *   error: any}} Snapshot `fresh` counts new runs that aren't among the rows, because the reader has
 *   scrolled down.
 */

/** Runs of a page. */
const PAGE = 100;
/** Runs at the beginning that are read again after changes. */
export const HEAD = 60;
/** Rows that are kept; further ones need a narrower filter. */
export const MOST_ROWS = 20_000;
/** Rows of a list whose reader stays at its top, after which older ones are dropped. */
const TOP_ROWS = 400;
const PAUSE_MS = 500;
const RUSH_PAUSE_MS = 1_000;
const FAILED_PAUSE_MS = 5_000;
/** The list is read again after so many times as long as the last time took. */
const REST = 10;
/** Rows above and below the visible ones that are kept up to date, too. */
const NEAR = 10;
/** The number of runs that one request names, at most. */
const NAMED = 100;

/** The rows of one filter. */
export class RunList {
  /**
   * @param {import('../../core/api.js').QueryValues} query The filter, as `GET /runs` takes it.
   * @param {(snapshot: Snapshot) => void} onChange
   */
  constructor(query, onChange) {
    this.query = query;
    this.onChange = onChange;
    /** @type {Run[]} */
    this.rows = [];
    /** @type {Map<string, number>} The place of each run among the rows. */
    this.places = new Map();
    this.total = 0;
    this.fresh = 0;
    /** @type {string | undefined} */
    this.next = undefined;
    this.loading = false;
    /** @type {any} */
    this.error = null;
    this.atTop = true;
    this.visible = { first: 0, last: 40 };
    /** @type {Set<string>} Runs that have changed since their row was read. */
    this.changed = new Set();
    this.listChanged = false;
    this.position = -1;
    this.timer = 0;
    this.pause = PAUSE_MS;
    this.leastPause = PAUSE_MS;
    this.readAt = 0;
    this.busy = false;
    this.abort = new AbortController();
  }

  /** Read the first page and, if `live`, follow the changes. @param {boolean} live */
  start(live) {
    if (live) this.unsubscribe = subscribe(['runs'], (event) => this.onEvent(event));
    return this.reload();
  }

  close() {
    clearTimeout(this.timer);
    this.unsubscribe?.();
    this.abort.abort();
  }

  /** Read the first page instead of all rows. */
  async reload() {
    await this.during(async () => {
      const page = await this.read({ limit: PAGE });
      this.replace(page);
    });
  }

  /** Read the next page. */
  async more() {
    if (this.loading || this.next === undefined || this.rows.length >= MOST_ROWS) return;
    await this.during(async () => {
      const page = await this.read({ limit: PAGE, cursor: this.next });
      this.next = page.next;
      this.setRows([...this.rows, ...page.runs.filter((/** @type {Run} */ run) => !this.places.has(run.id))]);
    });
  }

  /**
   * Note the visible rows, so that new runs appear only at the top.
   *
   * @param {{first: number, last: number, atTop: boolean}} seen
   */
  look({ first, last, atTop }) {
    this.visible = { first, last };
    const cameToTop = atTop && !this.atTop;
    this.atTop = atTop;
    if ((cameToTop && this.fresh > 0) || this.changed.size > 0) this.readSoon();
  }

  /** @param {import('../../core/live.js').LiveEvent} event */
  onEvent({ type, position, data }) {
    const named = type === 'run' ? data.runs : [];
    const all = type === 'resync' || data?.more;
    const ids = all ? this.places.keys() : named.map((/** @type {any} */ { runId }) => runId);
    for (const id of ids) if (this.places.has(id)) this.changed.add(id);
    if (position === null || position > this.position) this.listChanged = true;
    if (this.listChanged || this.changed.size > 0) this.readSoon();
  }

  readSoon() {
    if (this.busy || this.timer !== 0) return;
    const wait = Math.max(0, this.readAt + this.pause - Date.now());
    this.timer = setTimeout(() => this.follow(), wait);
  }

  /** Read what has changed since the last time, as far as the reader sees it. */
  async follow() {
    this.timer = 0;
    if (document.hidden) {
      this.timer = setTimeout(() => this.follow(), PAUSE_MS);
      return;
    }
    this.busy = true;
    this.readAt = Date.now();
    const done = await this.quietly(() => this.readChanges());
    this.busy = false;
    this.pause = done ? Math.max(this.leastPause, REST * (Date.now() - this.readAt)) : FAILED_PAUSE_MS;
    if (!done) this.listChanged = true; // so that it is read again
    if (!this.abort.signal.aborted && (this.listChanged || this.seen().length > 0)) this.readSoon();
  }

  async readChanges() {
    const whole = this.listChanged || (this.atTop && this.fresh > 0);
    this.listChanged = false;
    if (whole) this.takeFirst(await this.read({ limit: HEAD }));
    const ids = this.seen();
    if (ids.length > 0) {
      for (const id of ids) this.changed.delete(id);
      const { data } = await get('/runs', { id: ids, limit: NAMED }, { signal: this.abort.signal });
      this.update(data.runs);
    }
    this.emit();
  }

  /** Return the changed runs near the visible rows. */
  seen() {
    const { first, last } = this.visible;
    const near = this.rows.slice(Math.max(0, first - NEAR), last + NEAR);
    return near.map(({ id }) => id).filter((id) => this.changed.has(id)).slice(0, NAMED);
  }

  /** @param {any} page The first page as it is now. */
  takeFirst(page) {
    this.total = page.total;
    const fresh = page.runs.filter((/** @type {Run} */ run) => !this.places.has(run.id));
    this.leastPause = fresh.length === HEAD ? RUSH_PAUSE_MS : PAUSE_MS;
    if (!this.atTop) {
      this.fresh = fresh.length;
      this.update(page.runs);
    } else if (fresh.length === page.runs.length || this.rows.length + fresh.length > TOP_ROWS) {
      this.replace(page);
    } else {
      this.fresh = 0;
      this.update(page.runs);
      if (fresh.length > 0) this.setRows(mergeFresh(this.rows, fresh));
    }
  }

  /** @param {any} page */
  replace(page) {
    this.total = page.total;
    this.next = page.next;
    this.fresh = 0;
    this.changed.clear();
    this.setRows(page.runs);
  }

  /** Show runs in the rows that they have. @param {Run[]} runs */
  update(runs) {
    const rows = [...this.rows];
    for (const run of runs) {
      const place = this.places.get(run.id);
      if (place === undefined) continue;
      rows[place] = run;
      this.changed.delete(run.id);
    }
    this.rows = rows;
  }

  /** @param {Run[]} rows */
  setRows(rows) {
    this.rows = rows;
    this.places = new Map(rows.map((run, place) => [run.id, place]));
  }

  /** @param {import('../../core/api.js').QueryValues} query */
  async read(query) {
    const { data, position } = await get('/runs', { ...this.query, ...query }, { signal: this.abort.signal });
    if (position !== null && query.cursor === undefined) this.position = position;
    return data;
  }

  /** @param {() => Promise<void>} work Shown as loading. */
  async during(work) {
    this.loading = true;
    this.emit();
    await this.quietly(work);
    this.loading = false;
    this.emit();
  }

  /** @param {() => Promise<void>} work Its failure is shown; returns whether there was none. */
  async quietly(work) {
    const before = this.error;
    try {
      await work();
      this.error = null;
    } catch (error) {
      if (!this.abort.signal.aborted) this.error = error;
    }
    if (this.error !== before) this.emit();
    return this.error === null;
  }

  emit() {
    if (this.abort.signal.aborted) return;
    const { rows, total, fresh, loading, error } = this;
    const more = this.next !== undefined && rows.length < MOST_ROWS;
    this.onChange({ rows, total, fresh, more, loading, error });
  }
}

/**
 * @param {Run} a
 * @param {Run} b
 */
function compareRuns(a, b) {
  if (a.requestedAt !== b.requestedAt) return a.requestedAt > b.requestedAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

/**
 * Return rows with further runs at their places.
 *
 * @param {Run[]} rows In the order of the list.
 * @param {Run[]} fresh Runs that aren't among the rows.
 */
function mergeFresh(rows, fresh) {
  const waiting = [...fresh].sort(compareRuns);
  /** @type {Run[]} */
  const merged = [];
  for (const row of rows) {
    while (waiting.length > 0 && compareRuns(waiting[0], row) < 0) merged.push(/** @type {Run} */ (waiting.shift()));
    merged.push(row);
  }
  return [...merged, ...waiting];
}

/** @type {Snapshot} */
const NOTHING = { rows: [], total: 0, fresh: 0, more: false, loading: true, error: null };

/**
 * @param {Record<string, any>} query The parameters of `GET /runs`.
 * @returns {Snapshot & {list: RunList | null}}
 */
export function useRunList(query) {
  const [snapshot, setSnapshot] = useState(NOTHING);
  const list = useRef(/** @type {RunList | null} */ (null));
  const key = `${JSON.stringify(query)} ${asOf.value}`;
  useEffect(() => {
    setSnapshot((before) => ({ ...before, loading: true, error: null, fresh: 0 }));
    const made = new RunList(query, setSnapshot);
    list.current = made;
    made.start(asOf.value === null);
    return () => made.close();
  }, [key]);
  return { ...snapshot, list: list.current };
}
