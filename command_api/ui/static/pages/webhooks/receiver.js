/** The state of a receiver, as its deliveries show it. */
import { html } from '../../vendor/preact.js';
import { Notice } from '../../components/notice.js';
import { formatCount, Status } from '../../components/values.js';

/** @type {Record<string, string>} */
const WORDS = {
  idle: 'Nothing is pending.',
  sending: 'Deliveries are on their way.',
  retrying: 'Deliveries have failed and wait for their next attempt.',
};

/** @param {{receiver: any, active: boolean}} props */
export function Receiver({ receiver: { state, pending, held }, active }) {
  if (state === 'held' && active) {
    return html`<${Notice} kind="warning" title="Deliveries are held back: ${formatCount(held)} of ${formatCount(pending)} pending ones are late.">
      After ten failures in a row Baton opens the receiver’s circuit: it sends one delivery at a time to find out
      whether the receiver answers again, and then all of them. Deliveries are late, too, while all 20 requests to
      the receiver are in use.<//>`;
  }
  return html`<p><${Status} value=${state} /> ${active ? WORDS[state] : 'Nothing is sent while the webhook isn’t active.'}
    ${pending > 0 && html` <span class="muted">${formatCount(pending)} pending</span>`}</p>`;
}
