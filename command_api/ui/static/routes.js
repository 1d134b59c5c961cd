/**
 * The pages: the path under /ui, the name, and the module. A segment that begins with a colon is a
 * parameter. The module's default export is the page's component, called with {params, query};
 * its `title`, called with {params, query}, returns the title of the document.
 *
 * @typedef {{default: (props: {params: Record<string, string>, query: Query}) => any,
 *   title?: (props: {params: Record<string, string>, query: Query}) => string}} PageModule
 * @typedef {Record<string, string | string[] | undefined>} Query
 * @typedef {{path: string, name: string, load: () => Promise<PageModule>}} Page
 */

/** @type {Page[]} */
export const PAGES = [
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
  return { path, name, load: () => import(`./pages/${module}.js`) };
}
