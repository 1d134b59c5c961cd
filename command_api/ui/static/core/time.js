/** Times as the reader wants them: one zone for the whole page, absolute and relative together. */
import { computed, html, signal, useMemo } from '../vendor/preact.js';
import { preference } from './session.js';

/** The zone of every time on the page: "UTC", "local" or an IANA name. */
export const zone = preference('zone', 'UTC');

/** The time now in ms, moved each second while the page is visible. */
export const now = signal(Date.now());

setInterval(() => document.hidden || (now.value = Date.now()), 1000);

const formatter = computed(() => {
  const timeZone = zone.value === 'local' ? undefined : zone.value;
  const options = /** @type {const} */ ({
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
    second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23', timeZoneName: 'short',
  });
  try {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
  }
});

/**
 * Return a time as "2026-01-05 12:01:07" in the chosen zone.
 *
 * @param {string | null | undefined} iso
 * @param {{milliseconds?: boolean, withZone?: boolean}} [options]
 */
export function formatInstant(iso, { milliseconds = false, withZone = false } = {}) {
  const at = iso ? new Date(iso) : null;
  if (at === null || Number.isNaN(at.getTime())) return '';
  const part = Object.fromEntries(formatter.value.formatToParts(at).map(({ type, value }) => [type, value]));
  let text = `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`;
  if (milliseconds) text += `.${part.fractionalSecond}`;
  return withZone ? `${text} ${part.timeZoneName}` : text;
}

const UNITS = /** @type {const} */ ([['d', 86_400_000], ['h', 3_600_000], ['min', 60_000]]);

/**
 * Return a duration such as "812 ms", "3.2 s", "2 min 5 s" or "2 d 4 h".
 *
 * @param {number | null | undefined} ms
 * @returns {string}
 */
export function formatDuration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '';
  if (ms < 0) return `−${formatDuration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 59_500) return `${Math.round(ms / 1000)} s`;
  return twoUnits(ms);
}

/** @param {number} ms */
function twoUnits(ms) {
  const all = [...UNITS, /** @type {const} */ (['s', 1000])];
  const index = all.findIndex(([, size]) => ms >= size);
  const [unit, size] = all[Math.max(index, 0)];
  const [smaller, smallerSize] = all[Math.min(index + 1, all.length - 1)];
  const whole = Math.floor(ms / size);
  const rest = Math.floor((ms - whole * size) / smallerSize);
  return rest > 0 ? `${whole} ${unit} ${rest} ${smaller}` : `${whole} ${unit}`;
}

/**
 * Return how long ago a time was, or how far ahead it is: "3 s ago", "in 2 h".
 *
 * @param {string | null | undefined} iso
 */
export function ago(iso) {
  const at = iso ? Date.parse(iso) : NaN;
  if (Number.isNaN(at)) return '';
  const ms = now.value - at;
  const size = Math.abs(ms);
  if (size < 1000) return 'now';
  const [unit, length] = UNITS.find(([, ms]) => size >= ms) ?? ['s', 1000];
  const text = `${Math.floor(size / length)} ${unit}`;
  return ms > 0 ? `${text} ago` : `in ${text}`;
}

/**
 * A time, absolute in the chosen zone and relative to now.
 *
 * @param {{at: string | null | undefined, milliseconds?: boolean}} props
 */
export function Time({ at, milliseconds = false }) {
  const relative = useMemo(() => computed(() => ago(at)), [at]);
  if (!at) return html`<span class="muted">–</span>`;
  const title = formatInstant(at, { milliseconds: true, withZone: true });
  return html`<time datetime=${at} title=${title}>
    <span>${formatInstant(at, { milliseconds })}</span> <span class="muted ago">${relative}</span>
  </time>`;
}

/**
 * Return the UTC time of a clock's time in the chosen zone, null for none.
 *
 * @param {string} text Such as "2026-01-05T12:01:07" or "2026-01-05 12:01".
 */
export function fromZone(text) {
  const wanted = Date.parse(`${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(wanted)) return null;
  let at = wanted;
  for (let tries = 0; tries < 2; tries += 1) { // the offset may change between the two times
    const onClock = formatInstant(new Date(at).toISOString()).replace(' ', 'T');
    at += wanted - Date.parse(`${onClock}Z`);
  }
  return new Date(at).toISOString();
}
