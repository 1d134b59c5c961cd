/**
 * The credentials of requests: the session of this browser, which counts on Baton's own paths, or a
 * token, which stays in the memory of this page.
 */
import { html, signal } from '../vendor/preact.js';
import { half, session, tenant } from '../core/session.js';

/** The token or API key; empty while there is none. */
export const token = signal('');

/**
 * Return the headers that identify the sender, and the reason why there are none.
 *
 * @param {import('./documents.js').Operation} operation
 * @returns {{headers: Record<string, string>, why: string}}
 */
export function credentialsFor(operation) {
  if (operation.scope === null) return { headers: {}, why: '' };
  if (token.value !== '') return { headers: { Authorization: `Bearer ${token.value}` }, why: '' };
  if (session.value === null) {
    return { headers: {}, why: 'Sign in at /ui, or give a token, to send this operation.' };
  }
  if (operation.api.name !== 'baton') {
    const why = 'A session counts on Baton’s own paths alone: give a token for this API.';
    return { headers: {}, why };
  }
  return { headers: { 'X-Baton-UI': half.value, 'X-Tenant': tenant.value }, why: '' };
}

/** Shows who sends, and takes a token. */
export function Credentials() {
  const who = session.value
    ? `the session of ${session.value.subject} (${tenant.value})`
    : 'no session';
  return html`<div class="credentials">
    <label>Token or API key
      <input type="password" autocomplete="off" spellcheck=${false} value=${token.value}
        onInput=${(/** @type {any} */ event) => (token.value = event.target.value.trim())} /></label>
    <span class="muted">${token.value === ''
      ? html`Without one: ${who}. ${!session.value && html`<a href="/ui/">Sign in</a>`}`
      : 'It stays in the memory of this page until the page is closed.'}</span>
  </div>`;
}
