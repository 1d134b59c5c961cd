/** The rows of a run’s timeline: how they are read, their names, and from when until when each ran and waited. */
import { html } from '../../vendor/preact.js';
import { useReading } from '../../core/reading.js';
import { formatInstant } from '../../core/time.js';

/** Rows of the first answer, which the first paint waits for. */
const FIRST = 150;
const LIMIT = 5_000;
/** Milliseconds before the other rows are read, so that they don't delay the reads of the tab. */
const REST_MS = 300;

/** @typedef {ReturnType<typeof useTimeline>} TimelineState `loaded` is true once all rows were read. */

const NOTHING = { rows: /** @type {Row[]} */ ([]), total: 0, loaded: false };

/**
 * Read the timeline of a run and keep it up to date: the first rows soon, the others behind them.
 *
 * @param {string} runId
 */
export function useTimeline(runId) {
  const path = `/runs/${encodeURIComponent(runId)}/timeline`;
  return useReading(path, {}, NOTHING, readRows, { topics: [`run:${runId}`] });
}

/**
 * Read the rows from the first open one on; those before it don't change.
 *
 * @param {import('../../core/reading.js').Task} task
 */
async function readRows({ get, set, state: { rows } }) {
  const open = rows.findIndex(isOpen);
  let all = open < 0 ? rows : rows.slice(0, open);
  let limit = rows.length === 0 ? FIRST : LIMIT;
  for (;;) {
    const data = await get({ offset: all.length, limit });
    all = [...all, ...data.rows];
    const loaded = all.length >= data.total || data.rows.length === 0;
    set({ rows: all, total: data.total, loaded });
    if (loaded) return;
    if (limit === FIRST) await later(REST_MS);
    limit = LIMIT;
  }
}

/** @param {number} ms */
const later = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Return which visit and attempt it is, such as "visit 2, attempt 3"; nothing for the first ones.
 *
 * @param {{visit?: number, attempt?: number}} of
 */
export function attemptText({ visit = 1, attempt = 1 }) {
  return [visit > 1 && `visit ${visit}`, attempt > 1 && `attempt ${attempt}`].filter(Boolean).join(', ');
}

/**
 * The time of an event in a table, which shows no dates where it is narrow.
 *
 * @param {{at: string}} event
 */
export function eventTime({ at }) {
  const [date, time] = formatInstant(at, { milliseconds: true }).split(' ');
  return html`<span class="date">${date}</span> ${time}`;
}

/**
 * The name of a step with the visit and the attempt, where they aren't the first.
 *
 * @param {{row: Row}} props
 */
export function StepName({ row }) {
  const text = [attemptText(row), row.copied && 'taken over'].filter(Boolean).join(', ');
  return html`<span title=${row.stepId}>${row.stepId}</span>${text && html` <span class="muted">${text}</span>`}`;
}

/**
 * @typedef {{why: 'backoff' | 'delay', from?: string, until: string}} Wait
 * @typedef {{executionId: string, stepId: string, visit: number, attempt: number, kind: string,
 *   status: string, startedAt?: string, endedAt?: string, copied?: boolean, waits?: Wait[]}} Row
 * @typedef {{from: number, to: number, kind: string}} Bar times in ms since the epoch; `kind` is
 *   "run" or why the row waited
 */

const OPEN = new Set(['running', 'waiting']);
const FAILED = new Set(['failed', 'cancelled']);

/** Return whether a row goes on. @param {Row} row */
export const isOpen = (row) => OPEN.has(row.status);

/** Return whether a row failed. @param {Row} row */
const isFailed = (row) => FAILED.has(row.status);

/** @type {WeakMap<Row, Bar[]>} The bars of rows that have ended. */
const barsOfEnded = new WeakMap();

/**
 * Return the bars of a row. An open row lasts until `now`.
 *
 * @param {Row} row
 * @param {number} now
 * @returns {Bar[]}
 */
export function barsOf(row, now) {
  const bars = barsOfEnded.get(row) ?? readBars(row, now);
  if (!isOpen(row)) barsOfEnded.set(row, bars);
  return bars;
}

/**
 * @param {Row} row
 * @param {number} now
 * @returns {Bar[]}
 */
function readBars(row, now) {
  const bars = (row.waits ?? []).map(({ why, from, until }) => {
    const end = Date.parse(until);
    const begin = from === undefined ? end : Date.parse(from);
    return { from: begin, to: isOpen(row) && row.kind !== 'delay' ? end : Math.max(begin, end), kind: why };
  });
  if (row.startedAt === undefined || row.kind === 'delay') return bars;
  const begin = Date.parse(row.startedAt);
  const end = row.endedAt === undefined ? Math.max(begin, now) : Date.parse(row.endedAt);
  return [...bars, { from: begin, to: end, kind: 'run' }];
}

/**
 * Return the rows that the choices let through: "all" attempts, the "last" one of each visit, or
 * those that "failed"; of the states "all", "open" or "failed".
 *
 * @param {Row[]} rows
 * @param {{attempts?: string, only?: string}} choices
 */
export function chosenRows(rows, { attempts = 'all', only = 'all' }) {
  const last = attempts === 'last' ? lastAttempts(rows) : null;
  return rows.filter((row) => (
    (last === null || last.get(visitOf(row)) === row)
    && (attempts !== 'repeated' || row.attempt > 1)
    && (only !== 'open' || isOpen(row))
    && (only !== 'failed' || isFailed(row))
  ));
}

/**
 * Return the rows that ran or waited within a range.
 *
 * @param {Row[]} rows
 * @param {[number, number]} range
 * @param {number} now
 */
export function rowsWithin(rows, [from, to], now) {
  return rows.filter((row) => barsOf(row, now).some((bar) => bar.to >= from && bar.from <= to));
}

/** @param {Row[]} rows */
function lastAttempts(rows) {
  return new Map(rows.map((row) => [visitOf(row), row]));
}

/** @param {Row} row */
const visitOf = (row) => `${row.stepId}\u0000${row.visit}`;

/**
 * Return the time from the first beginning to the last end of the rows, null if none has begun.
 *
 * @param {Row[]} rows
 * @param {number} now
 * @returns {[number, number] | null}
 */
export function extentOf(rows, now) {
  let from = Infinity;
  let to = -Infinity;
  for (const row of rows) {
    for (const bar of barsOf(row, now)) {
      from = Math.min(from, bar.from);
      to = Math.max(to, bar.to);
    }
  }
  return from <= to ? [from, to] : null;
}
