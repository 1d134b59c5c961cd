/** Choices of the reader, kept in this browser: theme, time zone, shortcuts. They hold no data of runs. */
import { signal } from '../vendor/preact.js';

const PREFIX = 'baton.ui.';

/** @type {Map<string, import('@preact/signals').Signal<any>>} */
const known = new Map();

/**
 * Return the signal of a preference. Setting its value stores it, for all tabs of the browser.
 *
 * @template T
 * @param {string} name
 * @param {T} fallback The value until one is stored.
 * @returns {import('@preact/signals').Signal<T>}
 */
export function preference(name, fallback) {
  let found = known.get(name);
  if (found === undefined) {
    found = signal(parse(stored(name), fallback));
    known.set(name, found);
    found.subscribe((value) => store(name, value, fallback));
  }
  return found;
}

addEventListener('storage', ({ key, newValue }) => {
  const changed = key?.startsWith(PREFIX) ? known.get(key.slice(PREFIX.length)) : undefined;
  if (changed !== undefined && newValue !== null) changed.value = parse(newValue, changed.value);
});

/** @param {string} name */
function stored(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage is off: the preference lasts as long as the page
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {unknown} fallback
 */
function store(name, value, fallback) {
  try {
    if (value === fallback && stored(name) === null) return;
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // as above
  }
}

/**
 * @param {string | null} text
 * @param {any} fallback
 */
function parse(text, fallback) {
  if (text === null) return fallback;
  try {
    return JSON.parse(text);
  } catch {
    return fallback;
  }
}
