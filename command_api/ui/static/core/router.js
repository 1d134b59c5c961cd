/** The URL as state: which page, its parameters, the position that is shown, and the filters in the query. */
import { computed, signal } from '../vendor/preact.js';

/**
 * @typedef {Record<string, string | string[] | undefined>} Query
 * @typedef {{default: (props: {params: Record<string, string>, query: Query}) => any,
 *   title?: (props: {params: Record<string, string>, query: Query}) => string}} PageModule The
 *   default export is the page's component; `title` returns the title of the document.
 * @typedef {{path: string, name: string, load: () => Promise<PageModule>}} Page A segment of the
 *   path that begins with a colon is a parameter.
 * @typedef {{name: string, params: Record<string, string>, query: Query, path: string,
 *   page: Page | null}} Route `page` is null for an unknown path.
 */

/** @type {Page[]} */
const PAGES = [
  page('/', 'overview', 'overview/overview'),
  page('/runs', 'runs', 'runs/runs'),
  page('/runs/:id', 'run', 'run/run'),
  page('/compare/:a/:b', 'compare', 'compare/compare'),
  page('/bulk', 'bulks', 'bulk/bulks'),
  page('/bulk/:id', 'bulk', 'bulk/bulk'),
  page('/definitions', 'definitions', 'definitions/definitions'),
  page('/definitions/:id', 'definition', 'definitions/definition'),
  page('/definitions/:id/test', 'test', 'definitions/test'),
  page('/schedules', 'schedules', 'schedules/schedules'),
  page('/schedules/:id', 'schedule', 'schedules/schedule'),
  page('/records', 'records', 'records/records'),
  page('/records/:id', 'record', 'records/record'),
  page('/streams/:kind/:id', 'stream', 'streams/stream'),
  page('/log', 'log', 'log/log'),
  page('/dead-letters', 'dead-letters', 'dead_letters/dead_letters'),
  page('/dead-letters/:id', 'dead-letter', 'dead_letters/dead_letter'),
  page('/webhooks', 'webhooks', 'webhooks/webhooks'),
  page('/webhooks/:id', 'webhook', 'webhooks/webhook'),
  page('/audit', 'audit', 'audit/audit'),
  page('/system', 'system', 'system/system'),
];

/**
 * @param {string} path
 * @param {string} name
 * @param {string} module The module's path in pages/, without its extension.
 * @returns {Page}
 */
function page(path, name, module) {
  return { path, name, load: () => import(`../pages/${module}.js`) };
}

const BASE = '/ui';

const PATTERNS = PAGES.map((page) => ({ page, pattern: pattern(page.path) }));

/** @type {import('@preact/signals').Signal<Route>} The page that is shown. */
export const route = signal(current());

/**
 * Go to a page of the app.
 *
 * @param {string} path Below /ui, such as "/runs".
 * @param {Query} [query] `asOf` is kept without naming it.
 * @param {{replace?: boolean}} [options] `replace` makes no entry in the browser's history.
 */
export function navigate(path, query = {}, { replace = false } = {}) {
  go(href(path, query), replace);
}

/**
 * Return the URL of a page of the app. It keeps the position that is shown.
 *
 * @param {string} path Below /ui; its segments are encoded already (`encodeURIComponent`).
 * @param {Query} [query] An array repeats its name; empty values are left out.
 */
export function href(path, query = {}) {
  return BASE + path + search({ asOf: route.value.query.asOf, ...query });
}

/**
 * Change parameters of the query; undefined or '' removes one.
 *
 * @param {Query} changes
 * @param {{replace?: boolean}} [options]
 */
export function setQuery(changes, { replace = true } = {}) {
  const { path, query } = route.value;
  go(BASE + path + search({ ...query, ...changes }), replace);
}

/**
 * Return the values of a parameter that may be repeated.
 *
 * @param {Query} query
 * @param {string} name
 * @returns {string[]}
 */
export function values(query, name) {
  const value = query[name];
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** Follow the browser's back and forward, and clicks on links into the app. */
export function startRouter() {
  addEventListener('popstate', () => (route.value = current()));
  document.addEventListener('click', onClick);
}

/** @param {MouseEvent} event */
function onClick(event) {
  const target = /** @type {Element} */ (event.target);
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest?.('a[href]'));
  const special = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (!link || special || event.button !== 0 || event.defaultPrevented) return;
  if (link.target || link.download || link.origin !== location.origin || link.hash) return;
  if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return;
  event.preventDefault();
  go(link.pathname + link.search, link.href === location.href);
}

/**
 * @param {string} url
 * @param {boolean} replace
 */
function go(url, replace) {
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  route.value = current();
}

/** @returns {Route} */
function current() {
  const path = location.pathname.slice(BASE.length).replace(/\/+$/, '') || '/';
  const query = decode(location.search);
  for (const { page, pattern } of PATTERNS) {
    const found = pattern.exec(path);
    if (found) return { name: page.name, params: params(found), query, path, page };
  }
  return { name: 'not-found', params: {}, query, path, page: null };
}

/** @param {RegExpExecArray} found */
function params(found) {
  const entries = Object.entries(found.groups ?? {});
  return Object.fromEntries(entries.map(([name, text]) => [name, decoded(text)]));
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} path */
function pattern(path) {
  return new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
}

/**
 * @param {string} text
 * @returns {Query}
 */
function decode(text) {
  /** @type {Query} */
  const query = {};
  const pairs = new URLSearchParams(text);
  for (const name of new Set(pairs.keys())) {
    const all = pairs.getAll(name);
    query[name] = all.length === 1 ? all[0] : all;
  }
  return query;
}

/**
 * Return a query string with its question mark, or nothing.
 *
 * @param {Record<string, any>} query An array repeats its name; empty values are left out.
 */
export function search(query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) if ((one ?? '') !== '') pairs.append(name, one);
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

/** The position that is shown, null for now. */
export const asOf = computed(() => {
  const { asOf: text } = route.value.query;
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : null;
});

/** Whether the page shows the past, in which nothing can be changed. */
export const readOnly = computed(() => asOf.value !== null);

/**
 * Show the state as of a position, or as of now.
 *
 * @param {number | null} position
 */
export function showAsOf(position) {
  setQuery({ asOf: position === null ? undefined : String(position) });
}
