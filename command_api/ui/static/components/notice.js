/** Notices, failures of requests, empty lists, and the text while data is loading. */
import { html } from '../vendor/preact.js';

const ICONS = { info: 'i', warning: '!', error: '✕' };

/**
 * @param {{kind?: 'info' | 'warning' | 'error', title?: string, children?: any}} props `title` is a
 *   sentence, or the beginning of one that the children continue.
 */
export function Notice({ kind = 'info', title, children }) {
  return html`<div class="notice notice-${kind}" role=${kind === 'error' ? 'alert' : undefined}>
    <span class="notice-icon" aria-hidden="true">${ICONS[kind]}</span>
    <div>${title && html`<strong>${title}</strong>`} ${children}</div>
  </div>`;
}

/**
 * The reason why a request failed, with the faults that the server names.
 *
 * @param {{error: import('../core/api.js').ApiError | Error, onRetry?: () => void}} props
 */
export function Failure({ error, onRetry }) {
  const details = 'details' in error ? error.details : [];
  return html`<${Notice} kind="error" title=${error.message}>
    ${details.length > 0 && html`<ul>
      ${details.map(({ field, message }) => html`<li><code>${field}</code> ${message}</li>`)}
    </ul>`}
    ${onRetry && html`<button type="button" onClick=${onRetry}>Try again</button>`}
  <//>`;
}

/**
 * An empty list; the children say what to do next.
 *
 * @param {{title: string, children?: any}} props `title` is a headline, without a full stop.
 */
export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}

/** @param {{label?: string}} props */
export function Loading({ label = 'Loading…' }) {
  return html`<p class="loading muted">${label}</p>`;
}
