/** The newest events of the tenant's log, kept up to date in bounded memory. */
import { useEffect } from '../../vendor/preact.js';
import { useReading } from '../../core/reading.js';

/** The rows that are kept; older ones can be read as of an earlier position. */
export const MOST = 5000;
const PAGE = 500;
const NEWER = 1000;
/** Pages of newer events that are read at once; beyond them the tail begins again at the end. */
const CATCH_UP = 5;
const EVERY_MS = 5000;
/** Greater than every position. */
const END = 9_999_999_999;

/**
 * `events` has the newest first. `next` is 1 at the beginning of the log. `waiting` is true while a
 * paused tail knows of newer events, `skipped` after the tail has left out events to reach the end.
 */
const NOTHING = { events: /** @type {any[]} */ ([]), next: 0, head: 0, waiting: false, skipped: false };

/** @typedef {import('../../core/reading.js').Task} Task */

/**
 * Follow the log; `more` reads older events.
 *
 * @param {string[]} types Only events of these types; none means all.
 * @param {boolean} paused
 */
export function useTail(types, paused) {
  const follow = { topics: ['log'], everyMs: EVERY_MS };
  const tail = useReading('/log', { type: types }, NOTHING, (task) => readOn(task, paused), follow);
  useEffect(() => {
    if (!paused && tail.waiting) tail.reload();
  }, [paused]);
  return { ...tail, more: () => tail.reload('older') };
}

/**
 * @param {Task} task
 * @param {boolean} paused
 */
async function readOn(task, paused) {
  const { get, set, state, asked } = task;
  if (state.head === 0) await readTheEnd(task);
  else if (asked === 'older') await readOlder(task);
  else if (!paused) await catchUp(task);
  else if (!state.waiting) {
    const { events } = await get({ after: state.head, limit: 1 });
    set({ waiting: events.length > 0 });
  }
}

/** @param {Task} task */
async function readTheEnd({ get, set }) {
  const { events, next, head } = await get({ before: END, limit: PAGE });
  set({ events, next, head, waiting: false });
}

/** @param {Task} task */
async function readOlder({ get, set, state }) {
  if (state.next <= 1 || state.events.length >= MOST) return;
  const { events, next } = await get({ before: state.next, limit: PAGE });
  set({ events: [...state.events, ...events].slice(0, MOST), next });
}

/** @param {Task} task */
async function catchUp(task) {
  const { get, set, state } = task;
  let newer = /** @type {any[]} */ ([]);
  let after = state.head;
  for (let page = 1; ; page += 1) {
    const { events, next, head } = await get({ after, limit: NEWER });
    newer = [...events.reverse(), ...newer];
    after = next;
    if (next >= head) break;
    if (page === CATCH_UP) {
      await readTheEnd(task);
      set({ skipped: true });
      return;
    }
  }
  if (newer.length === 0) {
    set({ head: after, waiting: false });
    return;
  }
  const events = [...newer, ...state.events].slice(0, MOST);
  const next = events.length < MOST ? state.next : events[MOST - 1].position;
  set({ events, head: after, waiting: false, next });
}
