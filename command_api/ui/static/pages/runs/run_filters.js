/** The filters of the list of runs: in the address of the page, and as the API takes them. */
import { values } from '../../core/router.js';

/** @typedef {import('../../core/router.js').Query} Query */

/** The statuses of runs. */
const STATUSES = ['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled'];
/** The causes of runs. */
const TRIGGERS = ['manual', 'record', 'schedule', 'webhook', 'rerun'];

/** The causes of waiting, in words. */
const WAITS = {
  QUEUED: 'an executor', RUNNING: 'its function', TIMER: 'a delay', BACKOFF: 'its next attempt',
  RELEASED: 'another executor', PAUSED: 'a resume',
};

/** Lengths of time before now that `since` names, in ms. */
const SINCE = { '5m': 300_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 };

/** The parameters that the API takes as they stand in the address. */
const PLAIN = ['definition', 'correlationId', 'recordId', 'q', 'from', 'to', 'waitsFor', 'stuck', 'handled', 'due'];
const SEVERAL = ['status', 'trigger'];
/** The conditions that a bulk takes, too. */
const OF_BULKS = ['status', 'trigger', 'definition', 'correlationId', 'recordId', 'from', 'to', 'waitsFor'];

const labelled = (/** @type {Record<string, string>} */ words) => Object.entries(words).map(([value, label]) => ({ value, label }));

/** @typedef {import('../../components/filter_bar.js').Filter} Filter */

/** @type {Filter[]} The filters that the bar shows when more are asked for, or when one is in use. */
const FURTHER = [
  { name: 'trigger', label: 'Trigger', kind: 'choices', options: TRIGGERS },
  { name: 'handled', label: 'Failed runs', kind: 'choice', options: labelled({ false: 'not run again', true: 'run again' }) },
  { name: 'due', label: 'Due by time', kind: 'flag' },
  { name: 'correlationId', label: 'Correlation id', kind: 'text' },
  { name: 'recordId', label: 'Record id', kind: 'text' },
  { name: 'from', label: 'From', kind: 'time' },
  { name: 'to', label: 'To', kind: 'time' },
];

/**
 * Return the filters for the bar.
 *
 * @param {string[]} slugs The slugs of the tenant's definitions.
 * @param {boolean} further Whether to show those that are rarely needed.
 * @returns {Filter[]}
 */
export function runFilters(slugs, further) {
  return [
    { name: 'status', label: 'Status', kind: 'choices', options: STATUSES },
    { name: 'definition', label: 'Definition', kind: 'choice', options: slugs },
    { name: 'since', label: 'Requested', kind: 'choice', options: labelled({ '5m': 'in the last 5 min', '1h': 'in the last hour', '24h': 'in the last 24 h', '7d': 'in the last 7 d' }) },
    { name: 'waitsFor', label: 'Waits for', kind: 'choice', options: labelled(WAITS) },
    { name: 'q', label: 'Id', kind: 'text', placeholder: 'run, correlation, record' },
    { name: 'stuck', label: 'Stuck', kind: 'flag' },
    ...(further ? FURTHER : []),
  ];
}

/** Return whether a filter of those that are rarely needed is in use. */
export function usesFurther(/** @type {Query} */ query) {
  return FURTHER.some(({ name }) => query[name] !== undefined);
}

/**
 * Return the parameters of `GET /runs` for the address of the page.
 *
 * @param {Query} query
 * @param {number} now Now, in ms: the end of the time that `since` names.
 * @returns {Record<string, any>}
 */
export function toApi(query, now) {
  /** @type {Record<string, any>} */
  const asked = {};
  for (const name of SEVERAL) if (values(query, name).length > 0) asked[name] = values(query, name);
  for (const name of PLAIN) if (values(query, name).length > 0) asked[name] = values(query, name)[0];
  const since = SINCE[/** @type {keyof typeof SINCE} */ (values(query, 'since')[0])];
  if (since !== undefined && asked.from === undefined) asked.from = new Date(now - since).toISOString();
  return asked;
}

/**
 * Return the filter as a bulk takes it, null if the list has a condition that bulks don't have.
 *
 * @param {Record<string, any>} query As `toApi` returns it.
 * @returns {Record<string, any> | null}
 */
export function toBulkFilter(query) {
  return Object.keys(query).every((name) => OF_BULKS.includes(name)) ? query : null;
}

/**
 * Return whether a run still has the statuses, the cause of waiting and the rerun that are asked
 * for; a row that hasn't stays until the list is read again.
 *
 * @param {Record<string, any>} run
 * @param {Record<string, any>} query As `toApi` returns it.
 */
export function stillMatches(run, { status, waitsFor, handled }) {
  if (status !== undefined && !status.includes(run.status)) return false;
  if (waitsFor !== undefined && run.waitsFor !== waitsFor) return false;
  if (handled === undefined) return true;
  return run.status === 'failed' && (run.rerunId !== undefined) === (handled === 'true');
}
