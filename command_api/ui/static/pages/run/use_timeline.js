/** The rows of a run's timeline: the first ones soon, the others behind them, changes as they come. */
import { useEffect, useRef, useState } from '../../vendor/preact.js';
import { ApiError, get } from '../../core/api.js';
import { subscribe } from '../../core/live.js';
import { asOf } from '../../core/router.js';
import { tenant } from '../../core/session.js';
import { isOpen } from './timeline/timeline_rows.js';

/** Rows of the first answer, which the first paint waits for. */
const FIRST = 150;
const LIMIT = 5_000;
const PAUSE_MS = 500;
/** Milliseconds before the other rows are read, so that they don't delay what the tab reads. */
const REST_MS = 300;

/**
 * @typedef {import('./timeline/timeline_rows.js').Row} Row
 * @typedef {{rows: Row[], total: number, loaded: boolean, error: ApiError | null}} TimelineState
 *   `loaded` is true once all rows have been read
 */

/** @type {TimelineState} */
const NOTHING = { rows: [], total: 0, loaded: false, error: null };

/**
 * Read the timeline of a run and keep it up to date.
 *
 * @param {string} runId
 * @returns {TimelineState & {reload: () => void}}
 */
export function useTimeline(runId) {
  const [state, setState] = useState(NOTHING);
  const reader = useRef(/** @type {TimelineReader | null} */ (null));
  useEffect(() => {
    const current = new TimelineReader(runId, setState);
    reader.current = current;
    current.read();
    const past = asOf.value !== null;
    const unsubscribe = past ? () => {} : subscribe([`run:${runId}`], () => current.readSoon());
    return () => {
      unsubscribe();
      current.close();
    };
  }, [runId, asOf.value, tenant.value]);
  return { ...state, reload: () => reader.current?.readSoon() };
}

/** Reads one timeline: one request at a time. Rows before the first open one don't change. */
class TimelineReader {
  /**
   * @param {string} runId
   * @param {(state: TimelineState) => void} onState
   */
  constructor(runId, onState) {
    this.path = `/runs/${encodeURIComponent(runId)}/timeline`;
    this.onState = onState;
    this.abort = new AbortController();
    this.rows = /** @type {Row[]} */ ([]);
    this.busy = false;
    this.again = false;
    this.timer = 0;
  }

  readSoon() {
    if (this.busy) this.again = true;
    else if (this.timer === 0) this.timer = setTimeout(() => this.read(), PAUSE_MS);
  }

  async read() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.busy = true;
    try {
      await this.readPages();
    } catch (error) {
      if (this.abort.signal.aborted) return;
      const failure = error instanceof ApiError ? error : new ApiError(0, 'error', String(error));
      this.onState({ rows: this.rows, total: this.rows.length, loaded: false, error: failure });
    }
    this.busy = false;
    if (this.again) {
      this.again = false;
      this.readSoon();
    }
  }

  async readPages() {
    const open = this.rows.findIndex(isOpen);
    let offset = open < 0 ? this.rows.length : open;
    for (;;) {
      const limit = this.rows.length === 0 ? FIRST : LIMIT;
      if (this.rows.length === FIRST) await later(REST_MS);
      const { data } = await get(this.path, { offset, limit }, { signal: this.abort.signal });
      this.rows = [...this.rows.slice(0, offset), ...data.rows];
      offset = this.rows.length;
      const loaded = offset >= data.total || data.rows.length === 0;
      this.onState({ rows: this.rows, total: data.total, loaded, error: null });
      if (loaded) return;
    }
  }

  close() {
    clearTimeout(this.timer);
    this.abort.abort();
  }
}

/** @param {number} ms */
const later = (ms) => new Promise((done) => setTimeout(done, ms));
