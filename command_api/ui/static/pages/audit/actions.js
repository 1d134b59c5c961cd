/** The actions of users and keys: the events that name their actor, the newest first. */
import { html } from '../../vendor/preact.js';
import { values } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { usePages } from '../../core/use_pages.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Empty, Failure, Loading } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { Ref } from '../streams/links.js';

const PAGE = 200;
/** Actions that filters offer; the server knows them all by their events. */
const ACTIONS = [
  'access.AccessRefused', 'access.ExportMade', 'access.LetterRedriven', 'access.SignedIn', 'access.SignedOut',
  'access.ViewsChanged', 'access.WebhookTested', 'api_key.ApiKeyCreated', 'api_key.ApiKeyRevoked',
  'bulk.BulkRequested', 'bulk.BulkRetried', 'bulk.BulkStopRequested', 'definition.DefinitionCreated',
  'definition.DefinitionDeleted', 'definition.DefinitionUpdated', 'delivery.DeliveryRedriven', 'run.RunCancelled',
  'run.RunPaused', 'run.RunReopened', 'run.RunRequested', 'run.RunResumed', 'schedule.ScheduleCreated',
  'schedule.ScheduleDeleted', 'user.UserAdded', 'user.UserRemoved', 'verification.VerificationRequested',
  'webhook.SecretRotated', 'webhook.WebhookCreated', 'webhook.WebhookDeleted', 'webhook.WebhookUpdated',
];
const FILTERS = [
  { name: 'subject', label: 'Subject', kind: 'text', placeholder: 'exact name' },
  { name: 'action', label: 'Action', kind: 'choices', options: ACTIONS },
  { name: 'from', label: 'From', kind: 'time' }, { name: 'to', label: 'Before', kind: 'time' },
];
const COLUMNS = [
  { key: 'at', title: 'Time', width: 'minmax(250px, 1fr)', render: (/** @type {any} */ { at }) => html`<${Time} at=${at} />` },
  { key: 'subject', title: 'Subject', width: 'minmax(130px, 1fr)', render: subject },
  { key: 'action', title: 'Action', width: 'minmax(190px, 1fr)' },
  { key: 'id', title: 'Of', width: 'minmax(220px, 1fr)', render: (/** @type {any} */ { kind, id }) => html`${kind} <${Ref} kind=${kind} id=${id} />` },
  { key: 'more', title: 'Details', width: 'minmax(160px, 2fr)', render: details },
  { key: 'position', title: 'Position', width: '90px', numeric: true },
];

/** @param {{query: any}} props */
export function Actions({ query }) {
  const { subject: by, from, to } = query;
  const asked = { subject: by, action: values(query, 'action'), from, to, limit: PAGE };
  const { rows: actions, next, error, more } = usePages('/audit/log', asked, 'actions');
  const none = actions.length === 0;
  return html`<${FilterBar} filters=${FILTERS} />
    ${error && html`<${Failure} error=${error} onRetry=${more} />`}
    ${none && next !== undefined && !error && html`<${Loading} label="Reading the log…" />`}
    ${none && next === undefined && html`<${Empty} title="No action matches"><p>Remove a filter to see more.</p><//>`}
    ${!none && html`<${Table} label="Actions" columns=${COLUMNS} rows=${actions} rowKey=${keyOf}
      total=${actions.length + (next === undefined ? 0 : 1)} onEnd=${more} />`}`;
}

/** @param {any} one */
const keyOf = (one) => `${one.position} ${one.action}`;

/** @param {any} one */
function subject({ subject: name, method, keyId, claimed }) {
  if (!name) return html`<span class="muted">${claimed ? `claimed to be ${claimed}` : 'unknown'}</span>`;
  return html`<span title=${keyId && `API key ${keyId}`}>${name} <span class="muted">${method}</span></span>`;
}

/** @param {any} one */
function details({ reason, route, count, address, userAgent }) {
  const parts = [reason, route, count > 1 && `${count} times`, address && `from ${address}`, userAgent];
  return html`<span class="muted">${parts.filter(Boolean).join(', ')}</span>`;
}
