/** The frame around every page: the top bar, the list of shortcuts, and the live region. */
import { effect, html, useEffect } from '../vendor/preact.js';
import { announcement } from '../core/announcements.js';
import { Lazy } from '../components/lazy.js';
import { session, sessionKnown } from '../core/session.js';
import { Loading } from '../components/notice.js';
import { KeyboardHelp } from './keyboard_help.js';
import { Page } from './page.js';
import { theme } from './theme.js';
import { TopBar } from './top_bar.js';

const SIGN_IN = async () => (await import('./sign_in.js')).SignIn;

/** The whole document below its body. */
export function Frame() {
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
