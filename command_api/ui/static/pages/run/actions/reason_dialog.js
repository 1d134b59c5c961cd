/** Asks for the reason of a pause or a cancellation. */
import { html, useState } from '../../../vendor/preact.js';
import { Failure } from '../../../components/notice.js';
import { Dialog, DialogButtons } from '../../../components/panes.js';
import { INFLIGHT } from './pause_options.js';

const WORDS = {
  cancel: {
    title: 'Cancel the run',
    text: 'Running steps are cancelled, and no further step starts. A cancelled run can be retried.',
    button: 'Cancel the run',
  },
  pause: {
    title: 'Pause the run',
    text: 'No step starts until the run is resumed. Delays and backoffs stay due.',
    button: 'Pause the run',
  },
};

/**
 * @param {{action: 'cancel' | 'pause', open: boolean, onClose: () => void,
 *   onPerform: (body: object) => Promise<void>}} props
 */
export function ReasonDialog({ action, open, onClose, onPerform }) {
  const [reason, setReason] = useState('');
  const [inflight, setInflight] = useState('finish');
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  const { title, text, button } = WORDS[action];
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setFailure(null);
    const body = { ...(reason && { reason }), ...(action === 'pause' && { inflight }) };
    onPerform(body).then(() => setReason(''), setFailure);
  };
  return html`<${Dialog} title=${title} open=${open} onClose=${onClose}>
    <form onSubmit=${submit} class="form">
      <p>${text}</p>
      <label>Reason, which the run shows <input maxlength="200" value=${reason}
        onInput=${(/** @type {any} */ event) => setReason(event.target.value)} /></label>
      ${action === 'pause' && html`<label>Running attempts
        <select value=${inflight} onChange=${(/** @type {any} */ event) => setInflight(event.target.value)}>
          ${INFLIGHT.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
        </select></label>`}
      ${failure && html`<${Failure} error=${failure} />`}
      <${DialogButtons} onClose=${onClose}>
        <button type="submit" class=${action === 'cancel' ? 'danger' : 'primary'}>${button}</button>
      <//>
    </form>
  <//>`;
}
