/**
 * The choices of the reader and one half of the session, which this browser keeps. The server keeps
 * the other half in a cookie that no script can read. The half here is for this origin alone, and
 * is sent as the header X-Baton-UI.
 */
import { signal } from '../vendor/preact.js';

const PREFIX = 'baton.ui.';

/** @type {Map<string, import('@preact/signals').Signal<any>>} */
const preferences = new Map();

/**
 * Return the signal of a preference. Setting its value stores it, for all tabs of the browser.
 *
 * @template T
 * @param {string} name
 * @param {T} fallback The value until one is stored.
 * @returns {import('@preact/signals').Signal<T>}
 */
export function preference(name, fallback) {
  const made = preferences.get(name);
  if (made !== undefined) return made;
  const value = signal(parse(stored(name), fallback));
  preferences.set(name, value);
  value.subscribe((newest) => store(name, newest, fallback));
  return value;
}

addEventListener('storage', ({ key, newValue }) => {
  const changed = key?.startsWith(PREFIX) ? preferences.get(key.slice(PREFIX.length)) : undefined;
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

/**
 * @typedef {{subject: string, tenants: string[], scopes: string[], expiresAt: string}} Session
 * @typedef {{code: string} | {token: string} | {apiKey: string} | {name: string, password: string}}
 *   Credentials
 */

const PATH = '/ui/session';

/** The message for a session that the server doesn't accept. */
export const ENDED = 'Your session has ended. Sign in again.';
/** The message for a request without an answer. */
export const UNREACHABLE = 'The server can’t be reached. Check that it runs.';

/** The half that this origin keeps; empty before a sign-in. */
export const half = preference('half', '');

/** @type {import('@preact/signals').Signal<Session | null>} Null while there is none. */
export const session = signal(null);

/** Whether the server has answered if the stored half is still a session. */
export const sessionKnown = signal(false);

/** The reason why a session ended or a sign-in was refused, for the sign-in page. */
export const sessionNotice = signal('');

/** The tenant whose data is shown; one of the session's. */
export const tenant = preference('tenant', '');

/**
 * Return whether the session has a scope, so that an action may be shown. The server checks again.
 *
 * @param {string} scope Such as "orchestrator:write".
 */
export function may(scope) {
  return session.value?.scopes.includes(scope) ?? false;
}

/** Ask the server whose session the stored half belongs to. A failure becomes the notice. */
export async function resumeSession() {
  try {
    if (half.value !== '') begin(await request('GET'));
  } catch (error) {
    sessionNotice.value = /** @type {Error} */ (error).message;
  }
  sessionKnown.value = true;
}

/**
 * Open a session. Throws an Error with the reason if it can't be opened.
 *
 * @param {Credentials} credentials
 */
export async function signInWith(credentials) {
  const body = await request('POST', JSON.stringify(credentials));
  half.value = body.half;
  begin(body);
  sessionKnown.value = true;
}

/** Forget the session here, and end it at the server if that can be reached. */
export async function signOut() {
  await request('DELETE').catch(() => undefined);
  endSession('You have signed out.');
}

/**
 * Forget the session, because the server doesn't accept it any more.
 *
 * @param {string} why A sentence for the sign-in page.
 */
export function endSession(why) {
  half.value = '';
  session.value = null;
  sessionNotice.value = why;
}

/**
 * Send a request about the session; returns the answer's body. Throws an Error with a sentence for
 * the sign-in page.
 *
 * @param {string} method
 * @param {string} [body]
 */
async function request(method, body) {
  const headers = { 'Content-Type': 'application/json', 'X-Baton-UI': half.value };
  const response = await fetch(PATH, { method, headers, body }).catch(() => {
    throw new Error(UNREACHABLE);
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (method === 'GET' && response.status === 401) {
    half.value = '';
    throw new Error(ENDED);
  }
  throw new Error(answer.message ?? `The server answered ${response.status}.`);
}

/** @param {Session} answer */
function begin({ subject, tenants, scopes, expiresAt }) {
  if (!tenants.includes(tenant.value)) tenant.value = tenants[0] ?? '';
  sessionNotice.value = '';
  session.value = { subject, tenants, scopes, expiresAt };
}
