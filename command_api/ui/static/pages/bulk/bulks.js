/** The bulks of the tenant, with their progress. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, values } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Empty, Failure, Loading } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { formatCount, Status } from '../../components/values.js';

const LIMIT = 200;
const OPEN_EVERY_MS = 1000;
/** @type {import('../../components/filter_bar.js').Filter[]} */
const FILTERS = [
  { name: 'action', label: 'Action', kind: 'choices', options: ['cancel', 'retry', 'rerun', 'pause', 'resume'] },
  { name: 'status', label: 'Status', kind: 'choices', options: ['running', 'stopping', 'completed', 'stopped'] },
];

/** @type {import('../../components/table.js').Column[]} */
const COLUMNS = [
  { key: 'id', title: 'Bulk', width: 'minmax(170px, 1fr)', render: ({ id, action }) => html`<a href=${href(`/bulk/${id}`)}>${action} ${id.slice(-6)}</a>` },
  { key: 'status', title: 'Status', width: '110px', render: ({ status }) => html`<${Status} value=${status} />` },
  { key: 'progress', title: 'Progress', width: 'minmax(200px, 2fr)', render: (bulk) => html`<${Progress} bulk=${bulk} />` },
  ...['done', 'unchanged', 'refused', 'failed'].map((key) => ({ key, title: key[0].toUpperCase() + key.slice(1), width: '92px', numeric: true })),
  { key: 'by', title: 'By', width: 'minmax(90px, 1fr)', render: ({ actor }) => actor.subject },
  { key: 'requestedAt', title: 'Requested', width: '226px', render: ({ requestedAt }) => html`<${Time} at=${requestedAt} />` },
];

/** The title of the document. */
export const title = () => 'Bulk actions';

/** @param {{query: import('../../core/router.js').Query}} props */
export default function Bulks({ query }) {
  const asked = { status: values(query, 'status'), action: values(query, 'action'), limit: LIMIT };
  const { data, error, reload } = useGet('/bulk', asked, { everyMs: OPEN_EVERY_MS });
  return html`
    <div class="page-head"><h1>Bulk actions</h1>${data && html`<span class="muted">${data.total}</span>`}</div>
    <p class="muted">An action on many runs, and the outcome of each. Select runs in <a href=${href('/runs')}>the list of runs</a> to begin one; a bulk without a filter is refused, unless all runs are chosen by name.</p>
    <${FilterBar} filters=${FILTERS} />
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${data === undefined ? !error && html`<${Loading} />` : data.bulks.length === 0 ? html`<${NoBulks} />` : html`<${Table}
      label="Bulk actions" columns=${COLUMNS} rows=${data.bulks} total=${data.total}
      onOpen=${(/** @type {any} */ bulk) => navigate(`/bulk/${bulk.id}`)} />`}
    ${data && data.total > LIMIT && html`<p class="muted">The newest ${LIMIT} are shown. Filters show others.</p>`}`;
}

function NoBulks() {
  return html`<${Empty} title="No bulk action matches">
    <p>Select runs in <a href=${href('/runs')}>the list of runs</a> with their checkboxes or <kbd>x</kbd>, then choose an action. Or use the command line: <code>baton bulk cancel --status failed</code>.</p>
  <//>`;
}

/** @param {{bulk: Record<string, any>}} props */
export function Progress({ bulk: { total, pending, action } }) {
  const treated = total - pending;
  return html`<span class="bulk-progress">
    <progress max=${Math.max(total, 1)} value=${treated} aria-label="Runs of ${action} that have an outcome"></progress>
    <span class="nowrap">${formatCount(treated)} of ${formatCount(total)}</span>
  </span>`;
}
