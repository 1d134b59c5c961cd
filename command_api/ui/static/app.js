/** Starts the UI: opens the session that the address offers, then shows the frame and its page. */
import { effect, html, render, useEffect, useState } from './vendor/preact.js';
import { helpOpen, startKeyboard, useShortcut } from './core/keyboard.js';
import { startLive } from './core/live.js';
import { navigate, route, startRouter } from './core/router.js';
import {
  may, resumeSession, session, sessionKnown, sessionNotice, signInWith, tenant, UNREACHABLE,
} from './core/session.js';
import { announcement, Failure, Lazy, Loading, say } from './components/notice.js';
import { theme, TopBar } from './frame/top_bar.js';

const SIGN_IN = async () => (await import('./frame/sign_in.js')).SignIn;

/** The whole document below its body. */
function Frame() {
  useEffect(() => effect(() => {
    document.documentElement.dataset.theme = theme.value;
  }), []);
  return html`
    ${!sessionKnown.value ? html`<${Loading} />` : session.value === null ? html`<${Lazy} load=${SIGN_IN} />` : html`<${Signed} />`}
    <div class="hidden" role="status" aria-live="polite">${announcement}</div>`;
}

function Signed() {
  return html`
    <a class="skip" href="#main">Skip to the page</a>
    <${TopBar} />
    <main id="main" tabindex="-1"><${Page} /></main>
    <${KeyboardHelp} />`;
}

const NOT_FOUND = async () => (await import('./frame/not_found.js')).NotFound;

/** @type {Map<string, import('./core/router.js').PageComponent>} The loaded pages by their name. */
const pages = new Map();
const NOT_LOADED = new Error(UNREACHABLE);

/** Shows the page; its title becomes the document's, and the focus moves to it after a link. */
function Page() {
  const { name, params, query, page, path } = route.value;
  const [outcome, setOutcome] = useState({ name: '', failed: false });
  const component = page === null ? null : pages.get(name);
  useEffect(() => {
    if (page === null || component !== undefined) return;
    page.load().then((loaded) => {
      pages.set(name, loaded);
      setOutcome({ name, failed: false });
    }, () => setOutcome({ name, failed: true }));
  }, [name]);
  const title = component === null ? 'No such page' : component?.title({ params, query }) ?? name[0].toUpperCase() + name.slice(1);
  useEffect(() => {
    document.title = `${title} – Baton`;
  }, [title]);
  useEffect(() => {
    if (component === undefined) return;
    if (shownPath !== null && shownPath !== path) moveFocus(title);
    shownPath = path;
  }, [path, component]);
  if (component === undefined) {
    return outcome.failed && outcome.name === name ? html`<${Failure} error=${NOT_LOADED} onRetry=${() => location.reload()} />`
      : html`<${Loading} />`;
  }
  if (component === null) return html`<${Lazy} load=${NOT_FOUND} />`;
  return html`<${component} key=${`${path} ${tenant.value}`} params=${params} query=${query} />`;
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

/** Registers the shortcuts of the frame, and shows the list while it is open. */
function KeyboardHelp() {
  useShortcut('?', 'List the shortcuts', () => (helpOpen.value = true));
  useShortcut('g o', 'Go to the overview', () => navigate('/'));
  useShortcut('g r', 'Go to the runs', () => navigate('/runs'));
  useShortcut('g d', 'Go to the definitions', () => navigate('/definitions'));
  useShortcut('g s', 'Go to the schedules', () => navigate('/schedules'));
  useShortcut('g l', 'Go to the log', () => may('orchestrator:admin') && navigate('/log'));
  useShortcut('g a', 'Go to the audit', () => navigate('/audit'));
  useShortcut('j', 'Next row of the table', toTable);
  useShortcut('k', 'Previous row of the table', toTable);
  useShortcut('c', 'Copy the id', () => find('[data-copies~="id"]')?.click());
  useShortcut('.', 'Go to the actions', () => find('[data-actions] button')?.focus());
  if (!helpOpen.value) return null;
  return html`<${Lazy} load=${LIST} />`;
}

const LIST = async () => (await import('./frame/keyboard_list.js')).KeyboardList;

/** Give the focus to the first table of the page, which has these keys itself. */
function toTable() {
  (find('[data-rows] [data-index][tabindex="0"]') ?? find('[data-rows]'))?.focus();
}

/**
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
function find(selector) {
  return document.getElementById('main')?.querySelector(selector) ?? null;
}

/** Use the one-time code of the address's fragment, which is dropped before anything else. */
async function openSession() {
  const [, code] = /^#code=(.+)$/.exec(location.hash) ?? [];
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  if (code === undefined) return resumeSession();
  try {
    await signInWith({ code: decodeURIComponent(code) });
  } catch (error) {
    await resumeSession();
    sessionNotice.value = /** @type {Error} */ (error).message;
    sessionKnown.value = true;
  }
  return undefined;
}

startRouter();
startKeyboard();
startLive();
render(html`<${Frame} />`, /** @type {HTMLElement} */ (document.getElementById('app')));
openSession();
addEventListener('hashchange', () => { // a link with a code, in a tab that shows the UI already
  if (location.hash.startsWith('#code=')) openSession();
});
