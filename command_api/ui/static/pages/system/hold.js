/** The hold on the whole server: since when, by whom and why; and holding and releasing it. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { readOnly } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { PAST } from '../../components/actions.js';
import { Failure, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';

/**
 * @typedef {{held: boolean, since?: string, by?: string, reason?: string}} HoldState
 * @typedef {(action: 'hold' | 'release', body: object) => Promise<void>} Act
 */

/** @param {{hold: HoldState, onChange: () => void}} props `onChange` is called after a change. */
export function Hold({ hold, onChange }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  /** @type {Act} */
  const act = async (action, body) => {
    setOpen(false);
    setBusy(true);
    setFailure(null);
    await send('POST', `/system/${action}`, body).catch(setFailure);
    setBusy(false);
    onChange();
  };
  const off = busy || readOnly.value;
  const button = (/** @type {string} */ label, /** @type {() => void} */ onClick) => may('orchestrator:admin')
    && html`<div class="actions"><button type="button" disabled=${off} title=${readOnly.value ? PAST : undefined}
      onClick=${onClick}>${label}</button></div>`;
  return html`${failure && html`<${Failure} error=${failure} />`}
    ${hold.held ? html`<${Notice} kind="warning" title="The server is held">
      by ${hold.by} <${Time} at=${hold.since} />${hold.reason ? `: ${hold.reason}` : ''}. No step starts and nothing
      fires until the server is released.
      ${button('Release', () => act('release', {}))}<//>` : button('Hold…', () => setOpen(true))}
    ${open && html`<${HoldDialog} onClose=${() => setOpen(false)} onAct=${act} />`}`;
}

/** @param {{onClose: () => void, onAct: Act}} props */
function HoldDialog({ onClose, onAct }) {
  const [reason, setReason] = useState('');
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onAct('hold', reason.trim() === '' ? {} : { reason: reason.trim() });
  };
  return html`<${Dialog} title="Hold the server" open onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <p>A second later no step starts in any tenant, and no timer, schedule or record event fires. Running attempts
        may end. Requests are taken, and go on with the release.</p>
      <label>Reason, which this page shows <input maxlength="200" value=${reason}
        onInput=${(/** @type {any} */ event) => setReason(event.currentTarget.value)} /></label>
      <${DialogButtons} onClose=${onClose}>
        <button type="submit" class="primary">Hold the server</button>
      <//>
    </form>
  <//>`;
}
