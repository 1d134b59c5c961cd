/** One webhook: its registration, how its receiver gets on, and its deliveries. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { navigate, readOnly } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { CopyButton } from '../../components/copy.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { Fields } from '../../components/values.js';
import { streamHref } from '../streams/links.js';
import { Deliveries } from './deliveries.js';
import { Receiver } from './receiver.js';
import { Rotation } from './secret.js';
import { WebhookForm } from './webhook_form.js';
import { State } from './webhooks.js';

const EVERY_MS = 3000;

/** @param {{params: Record<string, string>}} given */
export const title = ({ params }) => `Webhook ${params.id}`;

/** @param {{params: Record<string, string>, query: any}} props */
export default function WebhookPage({ params: { id }, query }) {
  const path = `/webhooks/${encodeURIComponent(id)}`;
  const { data: webhook, error, reload } = useGet(path, {}, { everyMs: EVERY_MS });
  if (error && !webhook) return html`<h1>Webhook</h1><${Failure} error=${error} onRetry=${reload} />`;
  if (webhook === undefined) return html`<${Loading} />`;
  return html`
    <div class="page-head"><h1>Webhook <span class="mono">${id}</span></h1> <${CopyButton} text=${id} label="id" />
      <${State} webhook=${webhook} />
      ${may('orchestrator:write') && !readOnly.value && html`<${Actions} webhook=${webhook} reload=${reload} />`}</div>
    <${Fields} rows=${[
      ['URL', html`<code>${webhook.url}</code> <${CopyButton} text=${webhook.url} label="URL" />`],
      ['Events', webhook.events.join(', ')],
      ['Order', webhook.ordered ? 'of each run is kept' : 'isn’t kept'],
      ['Registered', html`<${Time} at=${webhook.createdAt} />`],
      ['Changed', html`<${Time} at=${webhook.updatedAt} />`],
      ['Stream', html`<a href=${streamHref('webhook', id)}>All events of this webhook</a>`],
    ]} />
    ${webhook.disabled && html`<${Notice} kind="warning" title="Baton has disabled this webhook.">The receiver
      answered 410 Gone. Change it to active again once the receiver wants its messages.<//>`}
    <${Receiver} receiver=${webhook.receiver} active=${webhook.active} />
    <${Deliveries} path=${path} query=${query} />`;
}

/** @param {{webhook: any, reload: () => void}} props */
function Actions({ webhook, reload }) {
  const [open, setOpen] = useState('');
  const [tested, setTested] = useState(/** @type {any} */ (null));
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const path = `/webhooks/${webhook.id}`;
  const close = () => setOpen('');
  const attempt = async (/** @type {() => Promise<void>} */ task) => {
    setFailure(null);
    setTested(null);
    await task().catch(setFailure);
  };
  const test = () => attempt(async () => setTested((await send('POST', `${path}/test`, {})).data));
  const remove = () => attempt(async () => {
    await send('DELETE', path);
    navigate('/webhooks', {}, { replace: true });
  });
  return html`<div class="actions" data-actions>
      <button type="button" onClick=${() => setOpen('change')}>Change…</button>
      <button type="button" onClick=${() => setOpen('secret')}>Change the secret…</button>
      <button type="button" onClick=${test}>Send a test</button>
      <button type="button" class="danger" onClick=${() => setOpen('delete')}>Delete…</button>
    </div>
    ${tested && html`<div class="wide"><${Notice} kind=${tested.success ? 'info' : 'error'}
      title=${tested.success ? `The receiver answered ${tested.status} to the test.` : `The test failed: ${tested.message}`} /></div>`}
    ${failure && html`<div class="wide"><${Failure} error=${failure} /></div>`}
    <${Dialog} title="Change the webhook" open=${open === 'change'} onClose=${close}>
      <${WebhookForm} webhook=${webhook} onDone=${() => (close(), reload())} />
    <//>
    ${open === 'secret' && html`<${Rotation} webhook=${webhook} onClose=${() => (close(), reload())} />`}
    <${Dialog} title="Delete the webhook" open=${open === 'delete'} onClose=${close}>
      <p>Its pending deliveries are given up, and it gets no further events. Its events stay in the log.</p>
      <${DialogButtons} onClose=${close}>
        <button type="button" class="danger" onClick=${() => (close(), remove())}>Delete</button>
      <//>
    <//>`;
}
