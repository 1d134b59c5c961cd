/**
 * The session of this browser. The server keeps one half of it in a cookie that no script can read;
 * the other half is kept here, for this origin alone, and sent as the header X-Baton-UI.
 */
import { signal } from '../vendor/preact.js';
import { preference } from './preferences.js';

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

/** @param {Session} found */
function begin(found) {
  const { subject, tenants, scopes, expiresAt } = found;
  if (!tenants.includes(tenant.value)) tenant.value = tenants[0] ?? '';
  sessionNotice.value = '';
  session.value = { subject, tenants, scopes, expiresAt };
}
