/** The received record events, the dialog that sends one, and one event with the runs it started. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { Action, whyNow } from '../../components/actions.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { Field, FormDialog, JsonText, newKey, parseJson } from '../../components/forms.js';
import { JsonTree } from '../../components/json_tree.js';
import { List, usePages } from '../../components/list.js';
import { Empty, Loaded, Notice } from '../../components/notice.js';
import { Table, timeColumn } from '../../components/table.js';
import { Fields, Status } from '../../components/values.js';

const PAGE = 100;
const LIVE = { before: 'before', topics: ['runs'], everyMs: 3000 };

/** The record events that came in, the newest first. */
export function Records() {
  const [sending, setSending] = useState(false);
  const records = usePages('/records', { limit: PAGE }, 'records', LIVE);
  return html`
    <header class="page-head"><h1>Records</h1>
      <span class="muted">Record events that came in, the newest first</span>
      ${may('orchestrator:write') && html`<span class="actions">
        <${Action} primary label="Send an event…" why=${whyNow()} onAct=${() => setSending(true)} /></span>`}
    </header>
    <${SendEvent} open=${sending} onClose=${() => setSending(false)} onSent=${() => records.reload()} />
    <${List} of=${records} label="Record events" columns=${COLUMNS} links empty=${html`<${Empty}
      title="No record event came in yet"><p>Send one to see which definitions it starts: by the button, or by POST <code>/events</code>.</p><//>`} />`;
}

Records.title = () => 'Records';

const COLUMNS = [
  { key: 'position', title: 'Position', width: '90px', numeric: true },
  timeColumn('receivedAt', 'Received', 'when'),
  { key: 'type', title: 'Type', width: 'minmax(130px, 1fr)', at: 'name', render: typeCell },
  { key: 'structure', title: 'Structure', width: 'minmax(90px, 1fr)', at: 'about' },
  { key: 'recordId', title: 'Record', width: 'minmax(100px, 1fr)', at: 'more' },
  { key: 'source', title: 'Source', width: 'minmax(100px, 1fr)' },
  { key: 'eventId', title: 'Sender’s id', width: 'minmax(100px, 1fr)' },
];

/** @param {any} row */
function typeCell({ id, type }) {
  return html`<a href=${href(`/records/${id}`)}>${type}</a>`;
}

const TYPES = ['record.created', 'record.updated', 'record.deleted', 'record.restored'];
const FIELDS = /** @type {const} */ ([
  ['type', 'Type'], ['structure', 'Structure'], ['recordId', 'Record id'],
]);
const EXAMPLE = { type: TYPES[0], structure: 'orders', recordId: 'rec_1', data: '{}' };

/**
 * The dialog that sends a record event, to see which runs it starts. The event keeps its id until it was
 * recorded, so that a lost answer and a second try make one event.
 *
 * @param {{open: boolean, onClose: () => void, onSent: () => void}} props
 */
function SendEvent({ open, onClose, onSent }) {
  const [fields, setFields] = useState(EXAMPLE);
  const [id, setId] = useState(newKey);
  const [sent, setSent] = useState(/** @type {any} */ (null));
  const { value = null, error: fault } = parseJson(fields.data);
  const body = cloudEvent(id, fields, value);
  const missing = fields.type === '' || fields.structure === '';
  const sendEvent = async () => {
    setSent(null);
    setSent((await send('POST', '/events', body)).data);
    setId(newKey());
    onSent();
  };
  return html`<${FormDialog} title="Send a record event" label="Send" open=${open} onClose=${onClose} onAct=${sendEvent}
    off=${missing ? 'Name a type and a structure.' : fault !== undefined}
    buttons=${html`<${CopyButton} text=${() => curlLine('POST', '/events', body)} label="curl line">curl<//>`}>
    <datalist id="event-types">${TYPES.map((type) => html`<option value=${type}></option>`)}</datalist>
    <p class="muted">Events of types that don’t begin with “record” need no record id.</p>
    ${FIELDS.map(([name, label]) => html`<${Field} key=${name} label=${label} value=${fields[name]}
      list=${name === 'type' ? 'event-types' : undefined}
      onInput=${(/** @type {string} */ text) => setFields({ ...fields, [name]: text })} />`)}
    <${JsonText} label="Data (JSON)" value=${fields.data}
      onInput=${(/** @type {string} */ data) => setFields({ ...fields, data })} />
    ${sent && html`<${Sent} counts=${sent} />`}
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
 * @param {string} id
 * @param {{type: string, structure: string, recordId: string}} fields
 * @param {any} data
 */
function cloudEvent(id, { type, structure, recordId }, data) {
  const subject = recordId === '' ? structure : `${structure}/${recordId}`;
  return { specversion: '1.0', id, source: 'baton:ui', type, subject, data };
}

/**
 * One record event: its data, which definitions it matched, and why it matched no others.
 *
 * @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props
 */
export function RecordEvent({ params, query }) {
  const path = `/records/${encodeURIComponent(params.id)}`;
  const record = useGet(path);
  const explained = useGet(`${path}/explain`, {}, { topics: ['runs'] });
  return html`
    <${Loaded} of=${record} title="Record event">${(/** @type {any} */ event) => html`
      <header class="page-head"><h1>${event.type}</h1><span>${event.structure}</span>
        <span class="muted">id ${event.id} <${CopyButton} text=${event.id} label="id" /></span></header>
      <${About} event=${event} />`}<//>
    <h2>Definitions</h2>
    <${Loaded} of=${explained}>${(/** @type {any} */ data) => html`
      <${Definitions} explained=${data} all=${query.all === 'true'} />`}<//>`;
}

/** @param {{params: Record<string, string>}} props */
RecordEvent.title = ({ params }) => `Record event ${params.id}`;

/** @param {{event: any}} props */
function About({ event }) {
  const { id, position, source, eventId, recordId, time, receivedAt, data } = event;
  return html`<${Fields} rows=${[
    ['Received', html`<${Time} at=${receivedAt} /> at position ${position}`],
    ['Happened', html`<${Time} at=${time} />`],
    ['Source', source],
    ['Sender’s id', eventId],
    recordId && ['Record', html`${recordId} <a href=${href('/runs', { recordId })}>its runs</a>`],
    ['Stream', html`<a href=${href(`/streams/record/${id}`)}>events of this record event</a>`],
  ]} />
  <h2>Data</h2>
  <${JsonTree} value=${data ?? null} label="Data" />`;
}

/**
 * The definitions that an event matched, or all of them, each with its outcome.
 *
 * @param {{explained: any, all: boolean}} props
 */
function Definitions({ explained, all }) {
  const { definitions, more } = explained;
  const matched = definitions.filter((/** @type {any} */ { outcome }) => outcome !== 'not_matched');
  const rows = all ? definitions : matched;
  const pick = (/** @type {any} */ { target }) => setQuery({ all: target.checked ? 'true' : undefined });
  return html`
    <p><label class="inline"><input type="checkbox" checked=${all} onChange=${pick} />
      Show the ${definitions.length - matched.length} definitions that it doesn’t match, too</label></p>
    ${rows.length === 0 && html`<${Empty} title="The event started no run">
      <p>${definitions.length === 0 ? 'There was no definition when it came.'
        : 'No definition waited for it. Show all definitions to see why.'}</p><//>`}
    ${rows.length > 0 && html`<${Table} label="Definitions" columns=${DEFINITION_COLUMNS} rows=${rows} rowKey="definitionId" />`}
    ${more > 0 && html`<p class="muted">${more} more definitions aren’t listed.</p>`}`;
}

/** @type {Record<string, string>} */
const WORDS = { not_matched: 'no match' };

/** The column with the outcome of a record event for one definition. */
export const OUTCOME_COLUMN = {
  key: 'outcome', title: 'Outcome', width: '116px', at: 'state', render: (/** @type {any} */ { outcome }) => html`<${Status} value=${WORDS[outcome] ?? outcome} />`,
};

const DEFINITION_COLUMNS = [
  { key: 'slug', title: 'Definition', width: 'minmax(140px, 1fr)', at: 'name', render: slugCell },
  OUTCOME_COLUMN,
  { key: 'why', title: 'Why', width: 'minmax(240px, 3fr)', at: 'line', render: whyText },
];

/** @param {any} row */
function slugCell({ slug, definitionId }) {
  return html`<a href=${href(`/definitions/${definitionId}`, { tab: 'explain' })}>${slug}</a>`;
}

/**
 * Return the reason of an outcome, or a link to the run that started.
 *
 * @param {{outcome: string, runId?: string, reason?: string, field?: string, wanted?: string,
 *   was?: string}} of
 */
export function whyText({ outcome, runId, reason, field, wanted, was }) {
  if (runId !== undefined) return html`run <a href=${href(`/runs/${runId}`)}>${runId}</a>`;
  if (outcome === 'pending') return 'It matches; the scheduler has yet to start the run.';
  return reason ?? `its ${field} should be ${quoted(wanted)} and was ${quoted(was)}`;
}

/** @param {string | undefined} text */
function quoted(text) {
  return text === undefined ? 'another one' : `“${text}”`;
}
