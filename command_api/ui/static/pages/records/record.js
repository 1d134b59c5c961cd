/** One record event: its data, which definitions it matched, and why it matched no others. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { JsonTree } from '../../components/json_tree.js';
import { Empty, Loaded } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { Fields, Status } from '../../components/values.js';

/** @param {{params: Record<string, string>}} props */
export const title = ({ params }) => `Record event ${params.id}`;

/** @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props */
export default function RecordEvent({ params, query }) {
  const path = `/records/${encodeURIComponent(params.id)}`;
  const record = useGet(path);
  const explained = useGet(`${path}/explain`, {}, { topics: ['runs'] });
  return html`<section class="page">
    ${record.data === undefined && html`<h1>Record event</h1>`}
    <${Loaded} of=${record}>${(/** @type {any} */ found) => html`
      <header class="page-head"><h1>${found.type}</h1><span>${found.structure}</span>
        <span class="muted">id ${found.id} <${CopyButton} text=${found.id} label="id" /></span></header>
      <${About} record=${found} />`}<//>
    <h2>Definitions</h2>
    <${Loaded} of=${explained}>${(/** @type {any} */ found) => html`
      <${Definitions} explained=${found} all=${query.all === 'true'} />`}<//>
  </section>`;
}

/** @param {{record: any}} props */
function About({ record }) {
  const { id, position, source, eventId, recordId, time, receivedAt, data } = record;
  return html`<${Fields} rows=${[
    ['Received', html`<${Time} at=${receivedAt} /> at position ${position}`],
    ['Happened', html`<${Time} at=${time} />`],
    ['Source', source],
    ['Sender’s id', eventId],
    recordId && ['Record', html`${recordId} <a href=${href('/runs', { recordId })}>its runs</a>`],
    ['Stream', html`<a href=${href(`/streams/record/${id}`)}>events of this record event</a>`],
  ]} />
  <${JsonTree} value=${data ?? null} label="Data" />`;
}

/** @param {{explained: any, all: boolean}} props */
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
    ${rows.length > 0 && html`<${Table} label="Definitions" columns=${COLUMNS} rows=${rows} rowKey=${definitionKey} />`}
    ${more > 0 && html`<p class="muted">${more} more definitions aren’t listed.</p>`}`;
}

const COLUMNS = [
  { key: 'slug', title: 'Definition', width: 'minmax(140px, 1fr)', render: slugCell },
  { key: 'outcome', title: 'Outcome', width: '130px', render: outcomeCell },
  { key: 'why', title: 'Why', width: 'minmax(240px, 3fr)', render: whyText },
];

/** @param {any} row */
function definitionKey({ definitionId }) {
  return definitionId;
}

/** @param {any} row */
function slugCell({ slug, definitionId }) {
  return html`<a href=${href(`/definitions/${definitionId}`, { tab: 'explain' })}>${slug}</a>`;
}

/** @param {any} row */
function outcomeCell(row) {
  return html`<${OutcomeCell} of=${row} />`;
}

/**
 * @typedef {{outcome: string, runId?: string, reason?: string, field?: string, wanted?: string,
 *   was?: string}} Outcome
 */

/** @type {Record<string, string>} */
const WORDS = { not_matched: 'no match' };

/** @param {{of: Outcome}} props */
export function OutcomeCell({ of }) {
  return html`<${Status} value=${WORDS[of.outcome] ?? of.outcome} />`;
}

/**
 * Return the reason of an outcome, or a link to the run that started.
 *
 * @param {Outcome} of
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
