/** Messages of a page: notices, failures, empty lists and loading parts, also for screen readers. */
import { html, signal, useEffect, useState } from '../vendor/preact.js';

const ICONS = { info: 'i', warning: '!', error: '✕' };

/**
 * A notice, with the icon of its kind.
 *
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
 * The reason why a request failed, with the faults that the server names; nothing without an error.
 *
 * @param {{error: import('../core/api.js').ApiError | Error | null | undefined,
 *   onRetry?: () => void}} props
 */
export function Failure({ error, onRetry }) {
  if (!error) return null;
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

/**
 * The text while data is loading.
 *
 * @param {{label?: string}} props
 */
export function Loading({ label = 'Loading…' }) {
  return html`<p class="loading muted">${label}</p>`;
}

/**
 * The answer to a request, or that it is awaited, or why it failed.
 *
 * @param {{of: import('../core/reading.js').Loaded, title?: string, children: (data: any) => any}} props
 *   The child is a function, which is called with the answer once there is one. `title` is the
 *   heading of the page until then.
 */
export function Loaded({ of, title, children }) {
  const { data, error, reload } = of;
  return html`${data === undefined && title && html`<h1>${title}</h1>`}
    <${Failure} error=${error} onRetry=${reload} />
    ${data !== undefined ? children(data) : !error && html`<${Loading} />`}`;
}

/**
 * A component whose module is read when it is first shown.
 *
 * @param {{load: () => Promise<any>, meanwhile?: any} & Record<string, any>} props `load` resolves
 *   to the component and stays the same function. `meanwhile` is shown until then. The other
 *   properties are the component's.
 */
export function Lazy({ load, meanwhile, ...props }) {
  const [loaded, setLoaded] = useState(/** @type {{component: any} | null} */ (null));
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  useEffect(() => {
    load().then((component) => setLoaded({ component }), setFailure);
  }, [load]);
  if (failure) return html`<${Failure} error=${failure} />`;
  if (loaded === null) return meanwhile ?? html`<${Loading} />`;
  return html`<${loaded.component} ...${props} />`;
}

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
