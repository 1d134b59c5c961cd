/** The URL as state: which page, its parameters, the position that is shown, and the filters in the query. */
import { computed, signal } from '../vendor/preact.js';

/**
 * @typedef {Record<string, string | string[] | undefined>} Query
 * @typedef {{params: Record<string, string>, query: Query}} PageProps
 * @typedef {((props: PageProps) => any) & {title: (props: PageProps) => string}} PageComponent A page,
 *   and the title of its document.
 * @typedef {{path: string, name: string, load: () => Promise<PageComponent>}} Page A segment of the
 *   path that begins with a colon is a parameter.
 * @typedef {{name: string, params: Record<string, string>, query: Query, path: string,
 *   page: Page | null}} Route `page` is null for an unknown path.
 */

/** @type {Page[]} */
const PAGES = [
  page('/', 'overview', 'overview/overview', 'Overview'),
  page('/runs', 'runs', 'runs/runs', 'Runs'),
  page('/runs/:id', 'run', 'run/run', 'RunPage'),
  page('/compare/:a/:b', 'compare', 'compare/compare', 'ComparePage'),
  page('/bulk', 'bulks', 'bulk/bulks', 'Bulks'),
  page('/bulk/:id', 'bulk', 'bulk/bulks', 'Bulk'),
  page('/definitions', 'definitions', 'definitions/definitions', 'Definitions'),
  page('/definitions/:id', 'definition', 'definitions/definitions', 'Definition'),
  page('/definitions/:id/test', 'test', 'definitions/test', 'Test'),
  page('/schedules', 'schedules', 'schedules/schedules', 'Schedules'),
  page('/schedules/:id', 'schedule', 'schedules/schedules', 'Schedule'),
  page('/records', 'records', 'records/records', 'Records'),
  page('/records/:id', 'record', 'records/records', 'RecordEvent'),
  page('/streams/:kind/:id', 'stream', 'streams/stream', 'StreamPage'),
  page('/log', 'log', 'log/log', 'LogPage'),
  page('/dead-letters', 'dead-letters', 'dead_letters/dead_letters', 'DeadLettersPage'),
  page('/dead-letters/:id', 'dead-letter', 'dead_letters/dead_letters', 'DeadLetterPage'),
  page('/webhooks', 'webhooks', 'webhooks/webhooks', 'WebhooksPage'),
  page('/webhooks/:id', 'webhook', 'webhooks/webhooks', 'WebhookPage'),
  page('/audit', 'audit', 'audit/audit', 'AuditPage'),
  page('/system', 'system', 'system/system', 'SystemPage'),
];

/**
 * @param {string} path
 * @param {string} name
 * @param {string} module The module's path in pages/, without its extension.
 * @param {string} component The page's component in the module.
 * @returns {Page}
 */
function page(path, name, module, component) {
  return { path, name, load: async () => (await import(`../pages/${module}.js`))[component] };
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
    const match = pattern.exec(path);
    if (match) return { name: page.name, params: params(match), query, path, page };
  }
  return { name: 'not-found', params: {}, query, path, page: null };
}

/** @param {RegExpExecArray} match */
function params(match) {
  const entries = Object.entries(match.groups ?? {});
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
    for (const item of [value].flat()) if ((item ?? '') !== '') pairs.append(name, item);
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
