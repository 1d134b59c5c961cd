/** The triggers of a definition, and the timetables of a schedule, in words. */

/** @typedef {Record<string, any>} Trigger A trigger as a document writes it. */

/**
 * Return the triggers of a document as a list.
 *
 * @param {Trigger | Trigger[] | undefined} trigger
 * @returns {Trigger[]}
 */
export function triggersOf(trigger) {
  if (trigger === undefined) return [{ manual: true }];
  return Array.isArray(trigger) ? trigger : [trigger];
}

/**
 * Return a trigger in a few words, such as "event record.created of orders".
 *
 * @param {Trigger} trigger
 */
export function triggerText(trigger) {
  const { event, structure, webhook } = trigger;
  if (event !== undefined) return structure ? `event ${event} of ${structure}` : `event ${event}`;
  if (webhook !== undefined) return `webhook ${webhook ?? 'under its id'}`;
  return isTimetable(trigger) ? timetableText(trigger) : 'by hand';
}

/**
 * Return whether a trigger is a timetable.
 *
 * @param {Trigger} trigger
 */
export function isTimetable({ cron, every, at }) {
  return cron !== undefined || every !== undefined || at !== undefined;
}

/**
 * Return a timetable in a few words, such as "cron 0 9 * * * (Europe/Berlin)".
 *
 * @param {Trigger} timetable
 */
function timetableText({ cron, every, at, timezone }) {
  const zone = timezone && timezone !== 'UTC' ? ` (${timezone})` : '';
  if (cron !== undefined) return `cron ${cron}${zone}`;
  return every !== undefined ? `every ${every}` : `once at ${at}${zone}`;
}

/**
 * Return all triggers in a few words.
 *
 * @param {Trigger | Trigger[] | undefined} trigger
 */
export function triggersText(trigger) {
  return triggersOf(trigger).map(triggerText).join(', ');
}

/**
 * Return one timetable or several in a few words.
 *
 * @param {Trigger | Trigger[]} timetable
 */
export function timetablesText(timetable) {
  return triggersOf(timetable).map(timetableText).join(', ');
}
