/** The record events that came in, the newest first. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { PAST } from '../../components/actions.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { JsonText, newKey, parseJson } from '../../components/json_text.js';
import { Empty, Failure, Loaded, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { Table } from '../../components/table.js';

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

const TYPES = ['record.created', 'record.updated', 'record.deleted', 'record.restored'];
const FIELDS = /** @type {const} */ ([
  ['type', 'Type'], ['structure', 'Structure'], ['recordId', 'Record id'],
]);
const EXAMPLE = { type: TYPES[0], structure: 'orders', recordId: 'rec_1', data: '{}' };

/** @param {{open: boolean, onClose: () => void, onSent: () => void}} props */
function SendEvent({ open, onClose, onSent }) {
  const [fields, setFields] = useState(EXAMPLE);
  const { id, sent, error, busy, sendEvent } = useSend(onSent);
  const { value = null, error: fault } = parseJson(fields.data);
  const body = cloudEvent(id, fields, value);
  const missing = fields.type === '' || fields.structure === '';
  const set = (/** @type {string} */ name) => (/** @type {any} */ { target }) => (
    setFields({ ...fields, [name]: target.value }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (fault === undefined && !missing) sendEvent(body);
  };
  return html`<${Dialog} title="Send a record event" open=${open} onClose=${onClose}>
    <form onSubmit=${submit}>
      <datalist id="event-types">${TYPES.map((type) => html`<option value=${type}></option>`)}</datalist>
      <p class="muted">Events of types that don’t begin with “record” need no record id.</p>
      ${FIELDS.map(([name, label]) => html`<label key=${name}>${label}
        <input type="text" list=${name === 'type' ? 'event-types' : undefined} value=${fields[name]}
          onInput=${set(name)} /></label>`)}
      <${JsonText} label="Data (JSON)" value=${fields.data}
        onInput=${(/** @type {string} */ data) => setFields({ ...fields, data })} />
      ${error && html`<${Failure} error=${error} />`}
      ${sent && html`<${Sent} counts=${sent} />`}
      <${DialogButtons} onClose=${onClose}>
        <${CopyButton} text=${() => curlLine('POST', '/events', body)} label="curl line">curl<//>
        <button type="submit" class="primary" disabled=${busy || missing || fault !== undefined}
          title=${missing ? 'Name a type and a structure.' : ''}>Send</button>
      <//>
    </form>
  <//>`;
}

/** @param {{counts: {matched: number}}} props */
function Sent({ counts }) {
  const { matched } = counts;
  return html`<${Notice} kind=${matched === 0 ? 'warning' : 'info'} title="The event was recorded.">
    ${matched === 0 ? 'No definition waits for it. Open the event in the list to see why.'
      : `${matched} ${matched === 1 ? 'definition waits' : 'definitions wait'} for it.`}
  <//>`;
}

/**
 * The request that sends an event. The event keeps its id until it was recorded, so that a lost
 * answer and a second try make one event.
 *
 * @param {() => void} onSent
 */
function useSend(onSent) {
  const [id, setId] = useState(newKey);
  const [state, setState] = useState(/** @type {{busy: boolean, sent?: any, error?: any}} */ ({ busy: false }));
  const sendEvent = async (/** @type {object} */ body) => {
    setState({ busy: true });
    try {
      const { data } = await send('POST', '/events', body);
      setState({ busy: false, sent: data });
      setId(newKey());
      onSent();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return { ...state, id, sendEvent };
}

/**
 * @param {string} id
 * @param {{type: string, structure: string, recordId: string}} fields
 * @param {any} data
 */
function cloudEvent(id, { type, structure, recordId }, data) {
  const subject = recordId === '' ? structure : `${structure}/${recordId}`;
  return { specversion: '1.0', id, source: 'baton:ui', type, subject, data };
}
