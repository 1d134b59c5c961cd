/** Messages for screen readers, in the page's one polite live region, at most one per 5 s. */
import { signal } from '../vendor/preact.js';

const PAUSE_MS = 5_000;

/** The message that the live region holds. */
export const announcement = signal('');

let said = 0;
let timer = 0;

/**
 * Have a message read out; while one was read less than 5 s ago, the newest one waits.
 *
 * @param {string} message A sentence.
 */
export function say(message) {
  clearTimeout(timer);
  const wait = Math.max(0, said + PAUSE_MS - Date.now());
  timer = setTimeout(() => {
    said = Date.now();
    announcement.value = message;
  }, wait);
}
