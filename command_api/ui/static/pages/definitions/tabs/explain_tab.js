/** The reasons why events and ticks started runs of a definition, or none. */
import { html } from '../../../vendor/preact.js';
import { href, readOnly } from '../../../core/router.js';
import { Time } from '../../../core/time.js';
import { useGet } from '../../../core/use_get.js';
import { Empty, Loaded, Notice } from '../../../components/notice.js';
import { Table } from '../../../components/table.js';
import { OutcomeCell, whyText } from '../../records/outcome.js';
import { PastTicks } from '../../schedules/past_ticks.js';

/** Causes that keep a definition from starting runs, or a run from going on. */
const HINDERED = ['DRAFT', 'PAUSED', 'NO_SECRET', 'NO_TICK', 'NO_SCHEDULER', 'NO_FUNCTION', 'NO_EXECUTOR', 'TOO_MANY_RUNS'];

/** @param {import('../definition.js').Shown} props */
export default function ExplainTab({ path }) {
  const found = useGet(`${path}/explain`, {}, { topics: ['runs'] });
  return html`${readOnly.value && html`<${Notice}>The explanation is about now, not about the past.<//>`}
  <${Loaded} of=${found}>${(/** @type {any} */ { because, ticks, events }) => html`
    ${because.map((/** @type {any} */ { code, text, dueAt }) => html`
      <${Notice} kind=${HINDERED.includes(code) ? 'warning' : 'info'}>
        ${text}${dueAt && html` <${Time} at=${dueAt} />`} <span class="muted">${code}</span>
      <//>`)}
    <h2>Newest record events</h2>
    ${events.length === 0 ? html`<${Empty} title="No record event came lately">
        <p><a href=${href('/records')}>Records</a> has a button that sends one.</p><//>`
      : html`<${Table} label="Newest record events" columns=${COLUMNS} rows=${events} rowKey=${recordKey} />`}
    <h2>Newest ticks</h2>
    ${ticks.length === 0 ? html`<${Empty} title="No tick has been due">
        <p>Definitions with a timetable have ticks.</p><//>`
      : html`<${PastTicks} ticks=${ticks} />`}
  `}<//>`;
}

const COLUMNS = [
  { key: 'receivedAt', title: 'Received', width: 'minmax(250px, 1fr)', render: receivedCell },
  { key: 'type', title: 'Type', width: 'minmax(130px, 1fr)', render: typeCell },
  { key: 'structure', title: 'Structure', width: 'minmax(90px, 1fr)' },
  { key: 'outcome', title: 'Outcome', width: '130px', render: outcomeCell },
  { key: 'why', title: 'Why', width: 'minmax(200px, 2fr)', render: whyText },
];

/** @param {any} row */
function recordKey({ recordId }) {
  return recordId;
}

/** @param {any} row */
function receivedCell({ receivedAt }) {
  return html`<${Time} at=${receivedAt} />`;
}

/** @param {any} row */
function typeCell({ recordId, type }) {
  return html`<a href=${href(`/records/${recordId}`)}>${type}</a>`;
}

/** @param {any} row */
function outcomeCell(row) {
  return html`<${OutcomeCell} of=${row} />`;
}
