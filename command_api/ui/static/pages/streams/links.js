/** Links to the things that events, actions and lists name. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { may } from '../../core/session.js';

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
  const seen = STREAMS.includes(kind)
    || (ADMIN_STREAMS.includes(kind) && may('orchestrator:admin'));
  const query = version === undefined ? {} : { event: String(version) };
  return seen ? href(`/streams/${kind}/${encodeURIComponent(id)}`, query) : null;
}

/** @param {Thing & {label?: any}} props A link to a thing, or its name where it has no page. */
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
export function thingsIn(data, about) {
  /** @type {Map<string, Thing>} */
  const found = new Map();
  for (const part of [data, data?.trigger, data?.actor, data?.origin]) {
    for (const [name, id] of Object.entries(Object(part))) {
      const kind = NAMES.get(name);
      const known = kind === undefined || typeof id !== 'string' || id === '';
      if (!known && !(kind === about.kind && id === about.id)) found.set(`${kind}/${id}`, { kind, id });
    }
  }
  return [...found.values()];
}
