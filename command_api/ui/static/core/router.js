/** The URL as state: which page, its parameters, and the filters and selections in the query. */
import { signal } from '../vendor/preact.js';
import { PAGES } from '../routes.js';

/**
 * @typedef {import('../routes.js').Query} Query
 * @typedef {{name: string, params: Record<string, string>, query: Query, path: string,
 *   page: import('../routes.js').Page | null}} Route `page` is null for an unknown path.
 */

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
