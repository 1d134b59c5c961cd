/** Recorded events of any kind: the things that they name, and their data in one line and in full. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { JsonTree } from '../../components/json_tree.js';
import { Notice } from '../../components/notice.js';
import { Fields, formatCount } from '../../components/values.js';

/**
 * One recorded event beside a list: its place, its links, and its data.
 *
 * @param {{event: any, about: Thing, inStream?: boolean, more?: [string, any][]}} props
 *   `about` is the thing whose stream holds the event; `inStream` leaves out the links to it. `more`
 *   are further fields.
 */
export function EventDetails({ event, about, inStream = false, more = [] }) {
  const things = thingsIn(event.data, about);
  const stream = streamHref(about.kind, about.id, event.version);
  return html`
    <${Fields} rows=${[
      ['Type', html`<code>${event.type}</code>`],
      ['Time', html`<${Time} at=${event.at} milliseconds />`],
      ['Position', html`${event.position} <${CopyButton} text=${String(event.position)} label="position" />`],
      ['Version', String(event.version)],
      !inStream && [about.kind, html`<${Ref} ...${about} />`],
      !inStream && stream !== null && ['Stream', html`<a href=${stream}>All events of this ${about.kind}</a>`],
      ...things.map((thing) => [thing.kind, html`<${Ref} ...${thing} />`]),
      ...more,
    ]} />
    ${event.truncated && html`<${Notice} kind="info">
      Values over 4 KiB are left out of the ${formatCount(event.truncated)} bytes of this event.
      The page of the ${about.kind} shows them in full.
    <//>`}
    <${JsonTree} value=${event.data} label="Data of the event" />`;
}

const LONGEST = 160;
/** Members that stand in other columns, or say little. */
const LEFT_OUT = new Set(['at', 'tenant', 'actor', 'origin']);

/**
 * Return the members of an event's data as one short line.
 *
 * @param {any} data
 */
export function summaryOf(data) {
  let line = '';
  for (const [name, value] of Object.entries(Object(data))) {
    if (LEFT_OUT.has(name) || value === null) continue;
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    line += `${line && '  '}${name}=${text.slice(0, LONGEST)}`;
    if (line.length > LONGEST) return `${line.slice(0, LONGEST)}…`;
  }
  return line;
}

/** The types, with their aggregates. */
export const FAILURES = [
  'run.RunFailed', 'run.StepFailed', 'run.StepTimedOut', 'run.StepUndecided', 'schedule.ScheduleMissed',
  'delivery.DeliveryFailed', 'delivery.DeliveryDied', 'webhook.WebhookDisabled', 'access.AccessRefused',
  'verification.VerificationFailed',
];

/**
 * Return whether events of a type report a failure; such events are never folded away.
 *
 * @param {string} type Such as "run.StepFailed".
 */
export function isFailure(type) {
  return FAILURES.includes(type);
}

/**
 * Return the rows of a list of events, in which neighbours of some types are folded into one row.
 *
 * @param {any[]} events
 * @param {string[]} types
 * @param {ReadonlySet<string>} [unfolded] The keys of folded rows that are shown in full.
 * @returns {any[]} Events, and `{key, folded}` for neighbours that stand in one row.
 */
export function foldRows(events, types, unfolded) {
  const away = new Set(types.filter((type) => !isFailure(type)));
  /** @type {any[]} */
  const rows = [];
  for (const event of events) {
    if (!away.has(event.type)) rows.push(event);
    else if (rows.at(-1)?.folded) rows.at(-1).folded.push(event);
    else rows.push({ key: `fold ${event.position}`, folded: [event] });
  }
  return unfolded ? rows.flatMap((row) => (unfolded.has(row.key) ? row.folded : row)) : rows;
}

/** Return the key of a row. @param {any} row */
export const rowKey = ({ key, position }) => key ?? String(position);

/** Return the look of a row. @param {any} row */
export const rowClass = ({ folded, type }) => (folded ? 'row-fold' : isFailure(type) ? 'is-failure' : '');

/**
 * Return how many events there are of each type, the most frequent first.
 *
 * @param {any[]} events
 * @returns {[string, number][]}
 */
export function countTypes(events) {
  const counts = [...Map.groupBy(events, ({ type }) => type)].map(([type, { length }]) => /** @type {[string, number]} */ ([type, length]));
  return counts.sort(([type, count], [other, more]) => more - count || type.localeCompare(other));
}

/**
 * Return a list of types with one more, or without it if the list has it.
 *
 * @param {string[]} types
 * @param {string} type
 */
export function toggled(types, type) {
  return types.includes(type) ? types.filter((name) => name !== type) : [...types, type];
}

/** Kinds that have a page of their own, with its path. */
const PAGES = new Map(Object.entries({
  run: '/runs/', definition: '/definitions/', schedule: '/schedules/', record: '/records/',
  bulk: '/bulk/', webhook: '/webhooks/', letter: '/dead-letters/',
}));
/** Kinds of streams that every reader may see, and those for administrators. */
const STREAMS = ['run', 'definition', 'schedule', 'record', 'bulk', 'webhook', 'delivery'];
const ADMIN_STREAMS = ['access', 'api_key', 'claim', 'user', 'verification'];
/** Members of events that name a thing, with its kind. */
const NAMES = new Map(Object.entries({
  run_id: 'run', new_run_id: 'run', definition_id: 'definition', schedule_id: 'schedule',
  webhook_id: 'webhook', bulk_id: 'bulk', verification_id: 'verification', key_id: 'api_key',
  user_id: 'user', letter_id: 'letter',
}));

/** @typedef {{kind: string, id: string}} Thing */

/**
 * Return the address of a thing's page, of its stream where it has none, or null.
 *
 * @param {string} kind
 * @param {string} id
 */
export function thingHref(kind, id) {
  const page = PAGES.get(kind);
  return page === undefined ? streamHref(kind, id) : href(page + encodeURIComponent(id));
}

/**
 * Return the address of the stream of a thing, null if the reader may not see it.
 *
 * @param {string} kind
 * @param {string} id
 * @param {number} [version] The event to show.
 */
export function streamHref(kind, id, version) {
  const permitted = STREAMS.includes(kind)
    || (ADMIN_STREAMS.includes(kind) && may('orchestrator:admin'));
  const query = version === undefined ? {} : { event: String(version) };
  return permitted ? href(`/streams/${kind}/${encodeURIComponent(id)}`, query) : null;
}

/**
 * A link to a thing, or its name where it has no page.
 *
 * @param {Thing & {label?: any}} props
 */
export function Ref({ kind, id, label = id }) {
  const to = thingHref(kind, id);
  return to === null ? html`<span class="mono">${label}</span>`
    : html`<a class="mono" href=${to}>${label}</a>`;
}

/**
 * Return the things that an event names, each once, without the one that its stream is about.
 *
 * @param {any} data
 * @param {Thing} about
 * @returns {Thing[]}
 */
function thingsIn(data, about) {
  /** @type {Map<string, Thing>} */
  const things = new Map();
  for (const part of [data, data?.trigger, data?.actor, data?.origin]) {
    for (const [name, id] of Object.entries(Object(part))) {
      const kind = NAMES.get(name);
      if (kind === undefined || typeof id !== 'string' || id === '') continue;
      if (kind !== about.kind || id !== about.id) things.set(`${kind}/${id}`, { kind, id });
    }
  }
  return [...things.values()];
}
