/** The record events that came in, the newest first. */
import { html, useState } from '../../vendor/preact.js';
import { href, navigate, readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { PAST } from '../../components/actions.js';
import { Empty, Loaded } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { SendEvent } from './send_event.js';

const PAGE = 100;
const EVERY_MS = 3000;

export const title = () => 'Records';

/** @param {{query: import('../../core/router.js').Query}} props */
export default function Records({ query }) {
  const [sending, setSending] = useState(false);
  const { before } = query;
  const found = useGet('/records', { before, limit: PAGE }, before ? {} : { topics: ['runs'], everyMs: EVERY_MS });
  return html`<section class="page">
    <header class="page-head"><h1>Records</h1>
      <span class="muted">Record events that came in, the newest first</span>
      ${may('orchestrator:write') && html`<span class="actions">
        <button type="button" class="primary" disabled=${readOnly.value} onClick=${() => setSending(true)}
          title=${readOnly.value ? PAST : ''}>
          Send an event…</button></span>`}
    </header>
    <${SendEvent} open=${sending} onClose=${() => setSending(false)} onSent=${found.reload} />
    <${Loaded} of=${found}>${(/** @type {any} */ { records, next }) => html`
      ${records.length === 0 && html`<${None} next=${next} />`}
      ${records.length > 0 && html`<${Table} label="Record events" columns=${COLUMNS} rows=${records}
        onOpen=${open} />`}
      <p class="actions">
        ${before && html`<button type="button" onClick=${() => setQuery({ before: undefined })}>Newest</button>`}
        ${next && html`<button type="button" onClick=${() => setQuery({ before: String(next) }, { replace: false })}>
          Older</button>`}
      </p>
    `}<//>
  </section>`;
}

const COLUMNS = [
  { key: 'position', title: 'Position', width: '90px', numeric: true },
  { key: 'receivedAt', title: 'Received', width: 'minmax(250px, 1fr)', render: receivedCell },
  { key: 'type', title: 'Type', width: 'minmax(130px, 1fr)', render: typeCell },
  { key: 'structure', title: 'Structure', width: 'minmax(90px, 1fr)' },
  { key: 'recordId', title: 'Record', width: 'minmax(100px, 1fr)' },
  { key: 'source', title: 'Source', width: 'minmax(100px, 1fr)' },
  { key: 'eventId', title: 'Sender’s id', width: 'minmax(100px, 1fr)' },
];

/** @param {any} row */
function receivedCell({ receivedAt }) {
  return html`<${Time} at=${receivedAt} />`;
}

/** @param {any} row */
function typeCell({ id, type }) {
  return html`<a href=${href(`/records/${id}`)}>${type}</a>`;
}

/** @param {any} row */
function open({ id }) {
  navigate(`/records/${id}`);
}

/** @param {{next: number | undefined}} props */
function None({ next }) {
  if (next) {
    return html`<${Empty} title="No record event in this part of the log">
      <p>A page looks at a part of the log. “Older” looks at the part before.</p><//>`;
  }
  return html`<${Empty} title="No record event came in yet">
    <p>Send one to see which definitions it starts: by the button, or by POST <code>/events</code>.</p>
  <//>`;
}
