/** The events of a run: the first ones soon, the others behind them, new ones as they come. */
import { useEffect, useState } from '../../../vendor/preact.js';
import { ApiError, get } from '../../../core/api.js';
import { subscribe } from '../../../core/live.js';
import { asOf } from '../../../core/router.js';
import { tenant } from '../../../core/session.js';

const FIRST = 100;
const LIMIT = 1_000;
const PAUSE_MS = 500;

/**
 * @typedef {{position: number, version: number, type: string, at: string, data: any,
 *   truncated?: number}} RunEvent
 * @typedef {{events: RunEvent[], loaded: boolean, error: ApiError | null}} EventsState `loaded` is
 *   true once all events have been read
 */

/**
 * Read the events of a run and keep them up to date. Recorded events don't change, so only new ones
 * are read.
 *
 * @param {string} runId
 * @returns {EventsState}
 */
export function useEvents(runId) {
  const [state, setState] = useState(/** @type {EventsState} */ ({ events: [], loaded: false, error: null }));
  useEffect(() => {
    const abort = new AbortController();
    /** @type {RunEvent[]} */
    let events = [];
    let busy = false;
    let again = false;
    let timer = 0;
    const read = async () => {
      busy = true;
      try {
        for await (const page of pages(runId, events, abort.signal)) {
          events = [...events, ...page.events];
          setState({ events, loaded: page.next === undefined, error: null });
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(0, 'error', String(error));
        setState({ events, loaded: false, error: failure });
      }
      busy = false;
      if (again) readSoon();
      again = false;
    };
    const readSoon = () => {
      clearTimeout(timer);
      if (busy) again = true;
      else timer = setTimeout(read, PAUSE_MS);
    };
    read();
    const unsubscribe = asOf.value === null ? subscribe([`run:${runId}`], readSoon) : () => {};
    return () => {
      unsubscribe();
      clearTimeout(timer);
      abort.abort();
    };
  }, [runId, asOf.value, tenant.value]);
  return state;
}

/**
 * Yield the pages of events behind those that are known.
 *
 * @param {string} runId
 * @param {RunEvent[]} known
 * @param {AbortSignal} signal
 */
async function* pages(runId, known, signal) {
  const path = `/runs/${encodeURIComponent(runId)}/events`;
  let limit = known.length === 0 ? FIRST : LIMIT;
  let after = known.length === 0 ? 0 : known[known.length - 1].position;
  for (;;) {
    const { data } = await get(path, { after, limit }, { signal });
    yield data;
    if (data.next === undefined) return;
    after = data.next;
    limit = LIMIT;
  }
}
