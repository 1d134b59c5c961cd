/** One connection to `GET /stream`, which is opened again where it ended, after a growing pause. */
import { credentials, position } from '../api.js';
import { frames } from './sse.js';

/** @typedef {import('./sse.js').Frame} Frame */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** The server sends something at least every 15 s; a connection silent for longer is broken. */
const SILENT_MS = 40_000;

/**
 * Read the stream until `signal` is aborted.
 *
 * @param {{topics: string[], after: number | null, signal: AbortSignal,
 *   onFrame: (frame: Frame) => void, onBroken: () => void}} options `after` is the position to
 *   resume behind, null to begin now; then `onFrame` gets a resync with the position. `onBroken` is
 *   called when the connection ended, before it is opened again.
 */
export async function readStream({ topics, after, signal, onFrame, onBroken }) {
  let resumeAt = after;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      await readOnce(topics, resumeAt, signal, (frame) => {
        pause = FIRST_PAUSE_MS;
        resumeAt = frame.id ?? resumeAt;
        onFrame(frame);
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof BeyondTheLog) resumeAt = null;
    }
    if (signal.aborted) return;
    onBroken();
    await sleep(pause * (0.5 + Math.random()), signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** The position to resume behind isn't in the log, such as after the data folder was replaced. */
class BeyondTheLog extends Error {}

/**
 * @param {string[]} topics
 * @param {number | null} after
 * @param {AbortSignal} signal
 * @param {(frame: Frame) => void} onFrame
 */
async function readOnce(topics, after, signal, onFrame) {
  const query = new URLSearchParams({ topics: topics.join(',') });
  if (after !== null) query.set('after', String(after));
  const connection = new AbortController();
  const abort = () => connection.abort();
  signal.addEventListener('abort', abort);
  let silence = setTimeout(abort, SILENT_MS);
  try {
    const response = await fetch(`/stream?${query}`, {
      headers: { ...credentials(), Accept: 'text/event-stream' }, signal: connection.signal,
    });
    if (response.status === 400 && after !== null) throw new BeyondTheLog();
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    if (after === null) onFrame(beginning(response.headers));
    for await (const frame of frames(response.body)) {
      clearTimeout(silence);
      silence = setTimeout(abort, SILENT_MS);
      if (frame.type === 'end') return;
      onFrame(frame);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
    abort();
  }
}

/**
 * Return the first event of a stream that begins now: pages may have read their data before.
 *
 * @param {Headers} headers
 * @returns {Frame}
 */
function beginning(headers) {
  const begins = position(headers);
  return { type: 'resync', position: begins, id: begins, data: {} };
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
