/** The registered webhooks: the URLs to which Baton posts the events of runs. */
import { html, useState } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { navigate, readOnly } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { Empty, Failure, Loading } from '../../components/notice.js';
import { Dialog } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { Status } from '../../components/values.js';
import { SecretDialog, WebhookForm } from './registration.js';

/** The title of the page. */
export const title = () => 'Webhooks';

const COLUMNS = [
  { key: 'url', title: 'URL', width: 'minmax(240px, 3fr)', render: (/** @type {any} */ { url }) => html`<code>${url}</code>` },
  { key: 'active', title: 'State', width: '110px', render: (/** @type {any} */ one) => html`<${State} webhook=${one} />` },
  { key: 'events', title: 'Events', width: 'minmax(200px, 2fr)', render: (/** @type {any} */ { events }) => events.join(', ') },
  { key: 'ordered', title: 'Ordered', width: '80px', render: (/** @type {any} */ { ordered }) => (ordered ? 'yes' : 'no') },
  { key: 'updatedAt', title: 'Changed', width: 'minmax(250px, 1fr)', render: (/** @type {any} */ { updatedAt }) => html`<${Time} at=${updatedAt} />` },
];
const LIMIT = 500;

/** The list, and registering one more. */
export default function WebhooksPage() {
  const { data, error, reload } = useGet('/webhooks', { limit: LIMIT });
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState(/** @type {any} */ (null));
  const open = (/** @type {any} */ { id }) => navigate(`/webhooks/${id}`);
  const added = (/** @type {any} */ webhook) => {
    setAdding(false);
    setMade(webhook);
    reload();
  };
  const add = may('orchestrator:write') && !readOnly.value && html`<button type="button" class="primary"
    onClick=${() => setAdding(true)}>Register a webhook</button>`;
  return html`
    <div class="page-head"><h1>Webhooks</h1> <span class="muted">${data && `${data.total} registered`}</span>
      <div class="actions" data-actions>${add}</div></div>
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${!data && !error && html`<${Loading} />`}
    ${data?.total === 0 && html`<${Empty} title="No webhook is registered"><p>Baton posts a signed message to each
      registered URL when a run or a task starts or ends. Register the URL of a receiver to begin.</p><//>`}
    ${data?.total > 0 && html`<${Table} label="Webhooks" columns=${COLUMNS} rows=${data.webhooks} onOpen=${open} />`}
    ${data?.total > LIMIT && html`<p class="muted">Only the oldest ${LIMIT} are shown.</p>`}
    <${Dialog} title="Register a webhook" open=${adding} onClose=${() => setAdding(false)}>
      <${WebhookForm} onDone=${added} />
    <//>
    <${SecretDialog} secrets=${made && [{ label: 'Signing secret', value: made.secret }]}
      onClose=${() => open(made)} />`;
}

/** @param {{webhook: any}} props Whether deliveries are sent, and why not. */
export function State({ webhook }) {
  if (webhook.active) return html`<${Status} value="active" />`;
  return html`<span title=${webhook.disabled === 'gone' ? 'The receiver answered 410 Gone.' : undefined}>
    <${Status} value="disabled" /></span>`;
}
