/** The page of the address: its module is loaded when it is first shown. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { say } from '../core/announcements.js';
import { route } from '../core/router.js';
import { Lazy } from '../components/lazy.js';
import { tenant, UNREACHABLE } from '../core/session.js';
import { Failure, Loading } from '../components/notice.js';

/** @typedef {import('../routes.js').PageModule} PageModule */

const NOT_FOUND = async () => (await import('./not_found.js')).NotFound;

/** @type {Map<string, PageModule>} The loaded modules by the page's name. */
const modules = new Map();
const NOT_LOADED = new Error(UNREACHABLE);

/** Shows the page; its title becomes the document's, and the focus moves to it after a link. */
export function Page() {
  const { name, params, query, page, path } = route.value;
  const [outcome, setOutcome] = useState({ name: '', failed: false });
  const module = page === null ? null : modules.get(name);
  useEffect(() => {
    if (page === null || module !== undefined) return;
    page.load().then((found) => {
      modules.set(name, found);
      setOutcome({ name, failed: false });
    }, () => setOutcome({ name, failed: true }));
  }, [name]);
  const title = titleOf(module, name, params, query);
  useEffect(() => {
    document.title = `${title} – Baton`;
  }, [title]);
  useEffect(() => {
    if (module === undefined) return;
    if (shownPath !== null && shownPath !== path) moveFocus(title);
    shownPath = path;
  }, [path, module]);
  if (module === undefined) {
    return outcome.failed && outcome.name === name ? html`<${Failure} error=${NOT_LOADED} onRetry=${() => location.reload()} />`
      : html`<${Loading} />`;
  }
  if (module === null) return html`<${Lazy} load=${NOT_FOUND} />`;
  return html`<${module.default} key=${`${path} ${tenant.value}`} params=${params} query=${query} />`;
}

/** @type {string | null} */
let shownPath = null;

/** @param {string} title */
function moveFocus(title) {
  say(title);
  if (document.querySelector('dialog[open]')) return;
  document.getElementById('main')?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/**
 * @param {PageModule | null | undefined} module
 * @param {string} name
 * @param {Record<string, string>} params
 * @param {import('../routes.js').Query} query
 */
function titleOf(module, name, params, query) {
  if (module === null) return 'No such page';
  return module?.title?.({ params, query }) ?? name[0].toUpperCase() + name.slice(1);
}
