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

/** Ask the server whose session the stored half belongs to. */
export async function resumeSession() {
  if (half.value === '') {
    sessionKnown.value = true;
    return;
  }
  try {
    const response = await fetch(PATH, { headers: { 'X-Baton-UI': half.value } });
    if (response.ok) begin(await response.json());
    else endSession('');
  } finally {
    sessionKnown.value = true;
  }
}

/**
 * Open a session. Throws an Error with the server's message if it refuses the credentials.
 *
 * @param {Credentials} credentials
 */
export async function signInWith(credentials) {
  const response = await fetch(PATH, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(credentials),
  });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.message ?? `The server answered ${response.status}.`);
  half.value = body.half;
  begin(body);
  sessionKnown.value = true;
}

/** End the session, at the server too. */
export async function signOut() {
  await fetch(PATH, { method: 'DELETE', headers: { 'X-Baton-UI': half.value } });
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

/** @param {Session} found */
function begin(found) {
  const { subject, tenants, scopes, expiresAt } = found;
  if (!tenants.includes(tenant.value)) tenant.value = tenants[0] ?? '';
  sessionNotice.value = '';
  session.value = { subject, tenants, scopes, expiresAt };
}
