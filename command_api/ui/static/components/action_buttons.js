/** Buttons of the actions that the server allows: absent without the scope, off with the reason. */
import { html } from '../vendor/preact.js';
import { readOnly } from '../core/as_of.js';
import { useId } from '../core/ids.js';
import { may } from '../core/session.js';

const WRITE = 'orchestrator:write';
/** The reason why an action is off while a page shows the past. */
export const PAST = 'This page shows the past, in which nothing can be changed. Return to now.';

/**
 * @typedef {true | false | {allowed: boolean, why?: string}} Allowed
 * @param {{actions: Record<string, Allowed> | null | undefined, onAct: (name: string) => void,
 *   labels?: Record<string, string>, scope?: string, busy?: string | null}} props `labels` names
 *   the actions to show, in order; by default all of them under their own names. `busy` is the
 *   action that is under way.
 */
export function ActionButtons({ actions, onAct, labels, scope = WRITE, busy = null }) {
  if (!actions || !may(scope)) return null;
  const names = Object.keys(labels ?? actions).filter((name) => name in actions);
  return html`<span class="actions" data-actions>
    ${names.map((name) => html`<${Action}
      key=${name} label=${labels?.[name] ?? title(name)} why=${whyOff(actions[name])}
      busy=${busy === name} onAct=${() => onAct(name)}
    />`)}
  </span>`;
}

/**
 * @param {{label: string, why: string, busy: boolean, onAct: () => void}} props A button that is off
 *   can be reached, so that its reason can be read.
 */
function Action({ label, why, busy, onAct }) {
  const id = useId('why');
  const off = why !== '' || busy;
  return html`<button
    type="button" title=${why || undefined} aria-disabled=${off ? 'true' : undefined}
    aria-describedby=${why ? id : undefined} onClick=${() => off || onAct()}
  >${busy ? `${label}…` : label}${why && html`<span class="hidden" id=${id}>${why}</span>`}</button>`;
}

/** @param {Allowed} allowed */
function whyOff(allowed) {
  if (readOnly.value) return PAST;
  if (allowed === true) return '';
  if (allowed === false) return 'This isn’t possible now.';
  return allowed.allowed ? '' : (allowed.why ?? 'This isn’t possible now.');
}

/** @param {string} name */
function title(name) {
  return name[0].toUpperCase() + name.slice(1).replace(/([A-Z])/g, (_, letter) => ` ${letter.toLowerCase()}`);
}
