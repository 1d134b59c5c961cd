/** The deliveries of webhooks about a run. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { useGet } from '../../core/use_get.js';
import { Table } from '../../components/table.js';
import { formatCount, Status } from '../../components/values.js';

/** Deliveries that are shown; the pages of webhooks have all. */
const LIMIT = 50;

/** @param {{runId: string}} props */
export function Deliveries({ runId }) {
  const path = `/runs/${encodeURIComponent(runId)}/deliveries`;
  const { data } = useGet(path, { limit: LIMIT }, { topics: [`run:${runId}`] });
  if (data === undefined || data.total === 0) return null;
  return html`<h2>Deliveries of webhooks</h2>
    <${Table} label="Deliveries of webhooks" columns=${COLUMNS} rows=${data.deliveries} />
    ${data.total > LIMIT && html`<p class="muted">The newest ${LIMIT} of ${formatCount(data.total)}.</p>`}`;
}

const COLUMNS = [
  { key: 'event', title: 'Event', width: 'minmax(140px, 2fr)' },
  { key: 'stepId', title: 'Step', width: 'minmax(80px, 1fr)', render: (/** @type {any} */ one) => one.stepId ?? '' },
  { key: 'status', title: 'Status', width: '120px', render: (/** @type {any} */ one) => html`<${Status} value=${one.status} />` },
  { key: 'attempts', title: 'Attempts', width: '80px', numeric: true },
  { key: 'lastError', title: 'Last error', width: 'minmax(120px, 3fr)', render: (/** @type {any} */ one) => one.lastError ?? '' },
  { key: 'webhookId', title: 'Webhook', width: '190px', render: webhookLink },
];

/** @param {any} delivery */
function webhookLink({ id, webhookId }) {
  const path = `/webhooks/${encodeURIComponent(webhookId)}`;
  return html`<a href=${href(path, { delivery: id })}><code>${webhookId}</code></a>`;
}
