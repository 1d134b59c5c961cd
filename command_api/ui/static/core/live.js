/**
 * Changes as they happen. All tabs of a browser share one stream: the tab that holds the lock reads
 * it for the topics of all of them, and the others get its events over a channel. Without locks
 * (plain http on another host) or channels each visible tab reads a stream of its own. A tab that has been
 * hidden for a minute takes no part.
 */
import { effect, signal } from '../vendor/preact.js';
import { readStream } from './api.js';
import { session, tenant } from './session.js';

/**
 * @typedef {import('./api.js').Frame} LiveEvent `type` is "run" (its data has `runs`, each with
 *   `runId`, `type` …), "step" (with `steps`), "stats", "log" or "resync"; after a resync
 *   everything that is shown has to be read again.
 * @typedef {{state: 'live' | 'behind' | 'off', position: number | null, lagMs: number | null}} Live
 */

const HIDDEN_MS = 60_000;
const BEHIND_MS = 2_000;
/** Milliseconds in which changes of the topics are collected, before the stream is opened again. */
const SETTLE_MS = 150;
const ME = Math.random().toString(36).slice(2);

/** @type {import('@preact/signals').Signal<Live>} How far behind the log the page is. */
export const live = signal(/** @type {Live} */ ({ state: 'off', position: null, lagMs: null }));

/** @type {Map<(event: LiveEvent) => void, string[]>} */
const subscribers = new Map();
/** @type {Map<string, string[]>} The topics of each tab of which this one knows. */
const topicsByTab = new Map();

/** @type {BroadcastChannel | null} */
let channel = null;
let awake = !document.hidden;
/** The newest position to resume behind that any tab's stream has had. */
let resumeAt = /** @type {number | null} */ (null);
/** Aborted when this tab takes no part any more. */
let part = new AbortController();
/** Aborted when the stream has to be opened for other topics, and when this tab takes no part. */
let reading = new AbortController();
let leads = false;
/** The topics that the stream is read for. */
let streamed = '';

/**
 * Call `on` with each event of the topics.
 *
 * @param {string[]} topics "runs", "run:ID", "stats" or "log".
 * @param {(event: LiveEvent) => void} on
 * @returns {() => void} Ends the subscription.
 */
export function subscribe(topics, on) {
  subscribers.set(on, topics);
  announce();
  return () => {
    subscribers.delete(on);
    announce();
  };
}

/** Take part while there is a session and the tab isn't hidden for long. */
export function startLive() {
  let hiding = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (!document.hidden) wake(true);
    else hiding = setTimeout(() => wake(false), HIDDEN_MS);
  });
  addEventListener('pagehide', () => post({ topics: [] }));
  effect(() => (session.value === null || tenant.value === '' ? leave() : join(tenant.value)));
}

/** @param {boolean} now */
function wake(now) {
  if (awake === now) return;
  awake = now;
  if (!awake) leave();
  else if (session.peek() !== null) {
    join(tenant.peek());
    for (const on of [...subscribers.keys()]) on(MISSED);
  }
}

/** @param {string} name The tenant; the tabs that show one tenant share a stream. */
function join(name) {
  leave();
  if (!awake) return;
  part = new AbortController();
  const { signal: until } = part;
  channel = 'BroadcastChannel' in self ? new BroadcastChannel(`baton.ui.live.${name}`) : null;
  channel?.addEventListener('message', ({ data }) => receive(data));
  post({ topics: topicsHere(), ask: true });
  if (navigator.locks === undefined || channel === null) {
    lead(until);
    return;
  }
  navigator.locks
    .request(`baton.ui.live.${name}`, { signal: until }, () => lead(until))
    .catch(() => undefined); // aborted: another tab leads, or this one left
}

function leave() {
  post({ topics: [] });
  part.abort();
  reading.abort();
  channel?.close();
  channel = null;
  leads = false;
  resumeAt = null;
  topicsByTab.clear();
  live.value = { state: 'off', position: live.peek().position, lagMs: null };
}

/**
 * Read the stream until `until` is aborted; again, whenever the topics change.
 *
 * @param {AbortSignal} until
 */
async function lead(until) {
  leads = true;
  post({ ask: true });
  while (!until.aborted) {
    await settle();
    if (until.aborted) return;
    reading = new AbortController();
    const topics = topicsOfAll();
    streamed = topics.join();
    const options = { topics, after: resumeAt, signal: reading.signal };
    await readStream({ ...options, onFrame: publish, onBroken: () => publish(BROKEN) });
  }
}

/** The first event of a tab that takes part again: another tab’s stream doesn’t begin again for it. */
const MISSED = { type: 'resync', position: null, id: null, data: null };
const BROKEN = { type: 'broken', position: null, id: null, data: null };

/** @param {LiveEvent} event */
function publish(event) {
  post({ event });
  onEvent(event);
}

/**
 * A message between tabs: the sender's topics, a request for those of the others, and, from the tab
 * that leads, an event or how far it is.
 *
 * @typedef {{topics?: string[], ask?: boolean, event?: LiveEvent, now?: Live}} Message
 */

/** @param {Message & {tab: string}} message */
function receive({ tab, topics, ask, event, now }) {
  if (topics !== undefined) setTopics(tab, topics);
  if (ask) post({ topics: topicsHere(), now: leads ? live.peek() : undefined });
  if (now !== undefined && !leads) live.value = now;
  if (event !== undefined && !leads) onEvent(event);
}

/** @param {LiveEvent} event */
function onEvent(event) {
  if (event.id !== null) resumeAt = Math.max(event.id, resumeAt ?? 0);
  const { lagMs } = live.peek();
  const lag = event.type === 'stats' ? (event.data?.lagMs ?? lagMs) : lagMs;
  const behind = event.type === 'broken' || (lag ?? 0) > BEHIND_MS;
  const position = event.position ?? live.peek().position;
  live.value = { state: behind ? 'behind' : 'live', position, lagMs: lag };
  for (const [on, topics] of [...subscribers]) if (concerns(event, topics)) on(event);
}

/**
 * @param {LiveEvent} event
 * @param {string[]} topics
 */
function concerns({ type, data }, topics) {
  if (type === 'resync') return true;
  if (type === 'run' && topics.includes('runs')) return true;
  const changed = data?.runs ?? data?.steps;
  if (changed === undefined) return topics.includes(type);
  return changed.some((/** @type {any} */ { runId }) => topics.includes(`run:${runId}`));
}

function announce() {
  setTopics(ME, topicsHere());
  post({ topics: topicsHere() });
}

/**
 * @param {string} tab
 * @param {string[]} topics
 */
function setTopics(tab, topics) {
  if (topics.length > 0) topicsByTab.set(tab, topics);
  else topicsByTab.delete(tab);
  if (leads && topicsOfAll().join() !== streamed) reading.abort();
}

function topicsHere() {
  return [...new Set([...subscribers.values()].flat())];
}

function topicsOfAll() {
  const all = [...topicsHere(), ...[...topicsByTab.values()].flat(), 'stats'];
  return [...new Set(all)].sort();
}

function settle() {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

/** @param {Message} message */
function post(message) {
  channel?.postMessage({ tab: ME, ...message });
}
