/** The top bar: the tenant, the navigation, the search, and what holds for all pages. */
import { html, signal, useLayoutEffect, useRef, useState } from '../vendor/preact.js';
import { get } from '../core/api.js';
import { helpOpen, useShortcut } from '../core/keyboard.js';
import { live } from '../core/live.js';
import { asOf, href, navigate, route } from '../core/router.js';
import { may, preference, session, signOut, tenant } from '../core/session.js';
import { formatDuration, zone } from '../core/time.js';
import { Lazy } from '../components/notice.js';

/**
 * @type {{path: string, title: string, scope?: string, rare?: boolean}[]} Those that are rarely
 *   needed stand in a menu, unless the window is wide.
 */
const LINKS = [
  { path: '/', title: 'Overview' },
  { path: '/runs', title: 'Runs' },
  { path: '/definitions', title: 'Definitions' },
  { path: '/schedules', title: 'Schedules' },
  { path: '/records', title: 'Records' },
  { path: '/log', title: 'Log', scope: 'orchestrator:admin' },
  { path: '/audit', title: 'Audit' },
  { path: '/system', title: 'System' },
  { path: '/bulk', title: 'Bulk', rare: true },
  { path: '/webhooks', title: 'Webhooks', rare: true },
  { path: '/dead-letters', title: 'Dead letters', scope: 'orchestrator:admin', rare: true },
];

/** The bar above every page. */
export function TopBar() {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const header = /** @type {HTMLElement} */ (ref.current);
    const sizes = new ResizeObserver(() => { // side panes stay below the bar
      document.documentElement.style.setProperty('--top', `${header.offsetHeight}px`);
    });
    sizes.observe(header);
    return () => sizes.disconnect();
  }, []);
  return html`<header class="top" ref=${ref}>
    <div class="top-row">
      <a class="brand" href=${href('/')}>Baton</a>
      <${TenantSwitch} />
      <${Navigation} />
      <div class="top-tools">
        <${SearchBox} />
        <${AsOfButton} />
        <${ZonePicker} />
        <${ThemeButton} />
        <${LiveDot} />
        <${Account} />
      </div>
    </div>
    <${AsOf} />
  </header>`;
}

function Navigation() {
  const here = `/${route.value.path.split('/')[1]}`;
  const links = LINKS.filter(({ scope }) => !scope || may(scope));
  const rare = links.filter((link) => link.rare);
  const current = rare.find(({ path }) => path === here);
  return html`<nav aria-label="Pages">
    ${links.map((link) => html`<a key=${link.path} href=${href(link.path)} class=${link.rare ? 'rare' : undefined}
      aria-current=${link.path === here ? 'page' : undefined}>${link.title}</a>`)}
    <span class="more-pages ${current ? 'is-current' : ''}"><${LazyMenu} label=${current?.title ?? 'More'} name="More pages"
      items=${rare.map(({ path, title }) => ({ label: title, onPick: () => navigate(path) }))} /></span>
  </nav>`;
}

function TenantSwitch() {
  const tenants = session.value?.tenants ?? [];
  if (tenants.length < 2) return html`<span class="tenant" title="Tenant">${tenant.value}</span>`;
  const onChange = (/** @type {any} */ event) => {
    tenant.value = event.currentTarget.value;
    navigate(`/${route.value.path.split('/')[1]}`); // an id of one tenant names nothing of another
  };
  return html`<select class="tenant" aria-label="Tenant" value=${tenant.value} onChange=${onChange}>
    ${tenants.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
  </select>`;
}

function Account() {
  const subject = session.value?.subject ?? '';
  return html`<${LazyMenu} label=${subject} name="Account of ${subject}" items=${[
    { label: 'Keyboard shortcuts', onPick: () => (helpOpen.value = true) },
    { label: 'Sign out', onPick: signOut },
  ]} />`;
}

const MENU = async () => (await import('../components/actions.js')).Menu;

/**
 * A menu whose module is read when it is first opened.
 *
 * @param {{label: string, name: string, items: import('../components/actions.js').Item[]}} props
 */
function LazyMenu({ label, name, items }) {
  const [used, setUsed] = useState(false);
  const closed = html`<button type="button" aria-haspopup="menu" aria-expanded="false" aria-label=${name}
    onClick=${() => setUsed(true)}>${label} <span aria-hidden="true">▾</span></button>`;
  if (!used) return closed;
  return html`<${Lazy} load=${MENU} meanwhile=${closed} opened label=${label} name=${name} items=${items} />`;
}

/** A text with one result leads to the run itself, any other one to the list. */
function SearchBox() {
  const [text, setText] = useState('');
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useShortcut('/', 'Search for runs', () => input.current?.select());
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted === '') return;
    setText('');
    input.current?.blur();
    const only = await onlyRun(wanted);
    if (only === null) navigate('/runs', { q: wanted });
    else navigate(`/runs/${encodeURIComponent(only)}`);
  };
  return html`<form class="search" role="search" aria-label="Runs" onSubmit=${onSubmit}>
    <input
      type="search" ref=${input} value=${text} placeholder="Find a run (/)"
      aria-label="Search for runs by id, correlation id or record id" spellcheck="false"
      onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && input.current?.blur()}
    />
  </form>`;
}

/**
 * Return the id of the run that a text finds; null if it finds none or several.
 *
 * @param {string} text
 * @returns {Promise<string | null>}
 */
async function onlyRun(text) {
  try {
    const { data } = await get('/runs', { q: text, limit: 2 });
    return data.runs.length === 1 ? data.runs[0].id : null;
  } catch {
    return null; // the list shows why
  }
}

const BAR = async () => (await import('./as_of_bar.js')).AsOfBar;

/** Whether the bar is open while no earlier position is shown. */
export const barOpen = signal(false);

/** The button of the top bar. */
function AsOfButton() {
  if (asOf.value !== null) return null;
  return html`<button
    type="button" class="quiet" aria-expanded=${barOpen.value} title="Show all pages as they were earlier"
    onClick=${() => (barOpen.value = !barOpen.value)}
  >As of: now</button>`;
}

/** The bar below the top bar; open while an earlier position is shown. */
function AsOf() {
  return asOf.value === null && !barOpen.value ? null : html`<${Lazy} load=${BAR} />`;
}

const WORDS = {
  live: { icon: '●', tone: 'good', hint: 'The page follows the log.' },
  behind: { icon: '◔', tone: 'warn', hint: 'The page is behind the log, or is connecting again.' },
  off: { icon: '○', tone: 'idle', hint: 'The page doesn’t follow the log now.' },
};

/** A dot with a word and the lag; its title has the position. */
function LiveDot() {
  const { state, position, lagMs } = live.value;
  const { icon, tone, hint } = WORDS[state];
  const lag = lagMs === null ? '' : formatDuration(lagMs);
  const views = lag && ` The views are ${lag} behind.`;
  const at = position === null ? '' : ` Position ${position.toLocaleString('en')}.`;
  return html`<span class="live tone-${tone}" title="${hint}${views}${at}">
    <span aria-hidden="true">${icon}</span> ${state}${state !== 'off' && lag && html` <span class="muted">${lag}</span>`}
  </span>`;
}

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** UTC, the zone of this machine, or any other one. All of them are listed once it has the focus. */
function ZonePicker() {
  const [all, setAll] = useState(/** @type {string[]} */ ([]));
  const open = () => all.length === 0 && setAll(Intl.supportedValuesOf('timeZone'));
  const other = !['UTC', 'local', ...all].includes(zone.value);
  return html`<select
    class="quiet" aria-label="Time zone" title="Time zone of all times" value=${zone.value}
    onFocus=${open} onPointerDown=${open}
    onChange=${(/** @type {any} */ event) => (zone.value = event.currentTarget.value)}
  >
    <option value="UTC">UTC</option>
    <option value="local">Local: ${HERE}</option>
    ${other && html`<option value=${zone.value}>${zone.value}</option>`}
    ${all.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
  </select>`;
}

/** "auto", "light" or "dark". */
export const theme = preference('theme', 'auto');

const NEXT = /** @type {Record<string, string>} */ ({ auto: 'light', light: 'dark', dark: 'auto' });
const ICONS = /** @type {Record<string, string>} */ ({ auto: '◐', light: '☀', dark: '☾' });

/** A button that goes through the themes. */
function ThemeButton() {
  const name = theme.value in NEXT ? theme.value : 'auto';
  const label = `Theme: ${name}. Change to ${NEXT[name]}.`;
  return html`<button
    type="button" class="icon" title=${label} aria-label=${label}
    onClick=${() => (theme.value = NEXT[name])}
  ><span aria-hidden="true">${ICONS[name]}</span></button>`;
}
