/** The top bar: the tenant, the navigation, and what holds for all pages. */
import { html, useLayoutEffect, useRef } from '../vendor/preact.js';
import { helpOpen } from '../core/keyboard.js';
import { href, navigate, route } from '../core/router.js';
import { may, session, signOut, tenant } from '../core/session.js';
import { Menu } from '../components/menu.js';
import { AsOf, AsOfButton } from './as_of_button.js';
import { LiveDot } from './live_dot.js';
import { SearchBox } from './search_box.js';
import { ThemeButton } from './theme.js';
import { ZonePicker } from './zone_picker.js';

/** @type {{path: string, title: string, scope?: string}[]} */
const LINKS = [
  { path: '/', title: 'Overview' },
  { path: '/runs', title: 'Runs' },
  { path: '/definitions', title: 'Definitions' },
  { path: '/schedules', title: 'Schedules' },
  { path: '/records', title: 'Records' },
  { path: '/bulk', title: 'Bulk' },
  { path: '/webhooks', title: 'Webhooks' },
  { path: '/dead-letters', title: 'Dead letters', scope: 'orchestrator:admin' },
  { path: '/log', title: 'Log', scope: 'orchestrator:admin' },
  { path: '/audit', title: 'Audit' },
  { path: '/system', title: 'System' },
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
  return html`<nav aria-label="Pages">
    ${LINKS.filter(({ scope }) => !scope || may(scope)).map(({ path, title }) => html`<a
      key=${path} href=${href(path)} aria-current=${path === here ? 'page' : undefined}>${title}</a>`)}
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
    ${tenants.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
  </select>`;
}

function Account() {
  const items = [
    { label: 'Keyboard shortcuts', onPick: () => (helpOpen.value = true) },
    { label: 'Sign out', onPick: signOut },
  ];
  const subject = session.value?.subject ?? '';
  return html`<${Menu} label=${subject} name="Account of ${subject}" items=${items} />`;
}
