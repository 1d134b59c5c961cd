/** Timetables and other triggers in words, and the ticks of a schedule: those to come, and those that were due. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { Notice } from '../../components/notice.js';
import { statusColumn, Table, timeColumn } from '../../components/table.js';

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

/**
 * The ticks of a schedule that are to come, in UTC and on the clock of its time zone.
 *
 * @param {{next: {ticks: any[], timezone: string, reason?: string}}} props
 */
export function NextTicks({ next }) {
  const { ticks, timezone, reason } = next;
  return html`
    ${reason && html`<${Notice} kind=${ticks.length === 0 ? 'warning' : 'info'}>
      ${ticks.length === 0 ? 'There is no next tick' : 'There is no further tick'}: ${reason}.<//>`}
    ${ticks.length > 0 && html`<${Table} label="Next ticks" columns=${columns(timezone)} rows=${ticks} rowKey="at" />`}`;
}

/** @param {string} timezone */
function columns(timezone) {
  return [
    timeColumn('at', 'At', 'name'),
    { key: 'local', title: `On the clock of ${timezone}`, width: 'minmax(200px, 1fr)', at: 'about', render: localCell },
    { key: 'note', title: 'Note', width: 'minmax(160px, 2fr)', at: 'more' },
  ];
}

/** Return the time on the clock of the schedule, with its offset from UTC. @param {any} row */
function localCell({ local }) {
  const [, date, time, offset] = /^(.+)T(\d\d:\d\d)(?::00)?(.*)$/.exec(local) ?? [];
  return `${date} ${time} ${offset}`;
}

/** The columns of ticks that were due, with what came of each. */
export const TICK_COLUMNS = [
  timeColumn('nominalAt', 'Due', 'name'),
  statusColumn('outcome', 'Outcome'),
  { key: 'why', title: 'Run, or why there is none', width: 'minmax(220px, 2fr)', at: 'line', render: whyCell },
  timeColumn('recordedAt', 'Recorded'),
];

/** Return the key of a tick that was due. @param {any} tick */
export function tickKey({ nominalAt, recordedAt }) {
  return `${nominalAt} ${recordedAt}`;
}

/** @param {any} row */
function whyCell({ runId, reason }) {
  return runId ? html`<a href=${href(`/runs/${runId}`)}>${runId}</a>` : reason;
}
