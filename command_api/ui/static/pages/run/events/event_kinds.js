/** The kinds of a run's events, those that are folded, and an event in a few words. */
import { preference } from '../../../core/session.js';
import { attemptText } from '../step/step_name.js';
import { isFailure } from '../../streams/failures.js';

/** Kinds that are folded until the reader chooses others; the choice is remembered. */
export const foldedKinds = preference('folded-kinds', ['StepLogged', 'StepCopied', 'SyncAwaited']);

/** @typedef {import('./use_events.js').RunEvent} RunEvent */

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
