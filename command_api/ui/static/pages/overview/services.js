/** The services: their checks, and how far each follower of the log is behind its newest event. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { useGet } from '../../core/use_get.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Status } from '../../components/values.js';

const EVERY_MS = 2000;
/** @type {Record<string, string>} The names of the followers of the log. */
export const ROLES = {
  views: 'Projector (views)', notary: 'Notary (seals)', relay: 'Relay (Kafka)',
  records: 'Scheduler (record events)', deliveries: 'Scheduler (webhooks)',
};

/** The state of the services, read every two seconds. */
export function Services() {
  const { data, error, reload } = useGet('/system', {}, { everyMs: EVERY_MS });
  if (data === undefined) return error ? html`<${Failure} error=${error} onRetry=${reload} />` : html`<${Loading} />`;
  const failing = Object.entries(data.checks).filter(([, word]) => word !== 'ok').map(([name]) => name);
  return html`
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${failing.length > 0 && html`<${Notice} kind="error" title="Not ready: ${failing.join(', ')}">${more()}<//>`}
    ${data.hold.held && html`<${Notice} kind="warning" title="The server is held.">${more()}<//>`}
    <p><${Status} value=${data.ready ? 'ready' : 'unavailable'} /> <span class="muted">${data.executors} ${data.executors === 1 ? 'executor' : 'executors'}, ${data.functions} functions, ${data.waitingCalls} calls wait for a free slot. The newest event is at position ${data.head}.</span></p>
    <div class="scroll"><table class="lags">
      <thead><tr><th scope="col">Role</th><th scope="col" class="numeric">Position</th><th scope="col" class="numeric">Behind</th></tr></thead>
      <tbody>${data.followers.map((/** @type {any} */ one) => html`<tr key=${one.name}>
        <th scope="row">${ROLES[one.name] ?? one.name}</th>
        <td class="numeric">${one.position.toLocaleString('en')}</td>
        <td class="numeric">${one.lag === 0 ? 'nothing' : `${one.lag.toLocaleString('en')} ${one.lag === 1 ? 'event' : 'events'}`}</td>
      </tr>`)}</tbody>
    </table></div>
    <p class="muted">Followers save their positions from time to time, so a small lag is normal. ${more()}</p>`;
}

const more = () => html`<a href=${href('/system')}>The page of the system</a> says more.`;
