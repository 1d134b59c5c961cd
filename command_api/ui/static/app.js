/** Starts the UI: opens the session that the address offers, then shows the frame and its page. */
import { html, render } from './vendor/preact.js';
import { startKeyboard } from './core/keyboard.js';
import { startLive } from './core/live.js';
import { startRouter } from './core/router.js';
import { resumeSession, sessionKnown, sessionNotice, signInWith } from './core/session.js';
import { Frame } from './frame/frame.js';

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
