/** The events of a run: how they are read, their kinds, which are folded, and an event in a few words. */
import { useReading } from '../../core/reading.js';
import { preference } from '../../core/session.js';
import { isFailure } from '../streams/events.js';
import { attemptText } from './rows.js';

const FIRST = 100;
const LIMIT = 1_000;

/**
 * @typedef {{position: number, version: number, type: string, at: string, data: any,
 *   truncated?: number}} RunEvent
 */

const NOTHING = { events: /** @type {RunEvent[]} */ ([]), loaded: false };

/**
 * Read the events of a run and keep them up to date: the first ones soon, the others behind them.
 * `loaded` is true once all of them were read.
 *
 * @param {string} runId
 */
export function useEvents(runId) {
  const path = `/runs/${encodeURIComponent(runId)}/events`;
  return useReading(path, {}, NOTHING, readEvents, { topics: [`run:${runId}`] });
}

/**
 * Read the events behind those that are known; recorded events don't change.
 *
 * @param {import('../../core/reading.js').Task} task
 */
async function readEvents({ get, set, state: { events } }) {
  let known = events;
  let limit = known.length === 0 ? FIRST : LIMIT;
  let after = known.at(-1)?.position ?? 0;
  while (after !== undefined) {
    const data = await get({ after, limit });
    known = [...known, ...data.events];
    after = data.next;
    limit = LIMIT;
    set({ events: known, loaded: after === undefined });
  }
}

/** Kinds that are folded until the reader chooses others; the choice is remembered. */
export const foldedKinds = preference('folded-kinds', ['StepLogged', 'StepCopied', 'SyncAwaited']);

/**
 * Return the kind of an event: its type without the aggregate.
 *
 * @param {RunEvent} event
 */
export function kindOf({ type }) {
  return type.slice(type.indexOf('.') + 1);
}

/**
 * Return whether events of a kind may be folded; failures are always shown.
 *
 * @param {string} kind
 */
export function canFold(kind) {
  return !isFailure(`run.${kind}`);
}

/**
 * @typedef {{key: string, event: RunEvent}} EventRow
 * @typedef {{key: string, folded: RunEvent[]}} FoldedRow
 */

/**
 * Return the rows of a list of events, in which neighbours of folded kinds are one row.
 *
 * @param {RunEvent[]} events
 * @param {string[]} folded
 * @param {ReadonlySet<string>} unfolded keys of folded rows that are shown in full
 * @returns {(EventRow | FoldedRow)[]}
 */
export function eventRows(events, folded, unfolded) {
  const kinds = new Set(folded.filter(canFold));
  /** @type {(EventRow | FoldedRow)[]} */
  const rows = [];
  /** @type {FoldedRow | null} */
  let fold = null;
  for (const event of events) {
    const key = String(event.position);
    if (!kinds.has(kindOf(event))) {
      fold = null;
      rows.push({ key, event });
    } else if (fold === null) {
      fold = { key: `fold ${key}`, folded: [event] };
      rows.push(fold);
    } else fold.folded.push(event);
  }
  return rows.flatMap((row) => (
    'folded' in row && unfolded.has(row.key)
      ? row.folded.map((event) => ({ key: String(event.position), event }))
      : [row]
  ));
}

/**
 * Return the data of an event beside its kind and its step, in a few words.
 *
 * @param {RunEvent} event
 */
export function aboutEvent({ data }) {
  const parts = [
    attemptText(data),
    data.function && `function ${data.function}`,
    data.cause && data.cause !== 'start' && `because of a ${data.cause}`,
    data.error && `${data.error.code}: ${data.error.message}`,
    data.result?.selected && `goes to ${data.result.selected}`,
    data.warning,
    data.reason,
    data.delay_ms !== undefined && `${data.delay_ms} ms`,
    data.source && `rerun of ${data.source}`,
    data.trigger && `trigger ${data.trigger.kind}`,
    data.actor && `by ${data.actor.subject}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/**
 * Return the execution id of the attempt that an event is about, if any.
 *
 * @param {string} runId
 * @param {RunEvent} event
 */
export function executionOf(runId, { data }) {
  if (data.step_id === undefined) return undefined;
  return `${runId}.${data.step_id}.${data.visit}.${data.attempt ?? 1}`;
}
