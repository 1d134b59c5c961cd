/** The bulks of the tenant, with their progress, and one of them with the outcome of each run. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet, useReading } from '../../core/reading.js';
import { href, setQuery, values } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { Action, mayChange } from '../../components/actions.js';
import { CopyButton } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { useAct } from '../../components/forms.js';
import { List, useList } from '../../components/list.js';
import { Empty, Failure, Loaded } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { statusColumn, Table, timeColumn } from '../../components/table.js';
import { counted, Fields, formatCount, Status } from '../../components/values.js';

const EVERY_MS = 1000;
/** @type {import('../../components/filter_bar.js').Filter[]} */
const FILTERS = [
  { name: 'action', label: 'Action', kind: 'choices', options: ['cancel', 'retry', 'rerun', 'pause', 'resume'] },
  { name: 'status', label: 'Status', kind: 'choices', options: ['running', 'stopping', 'completed', 'stopped'] },
];

/** @type {import('../../components/table.js').Column[]} */
const COLUMNS = [
  { key: 'id', title: 'Bulk', width: 'minmax(170px, 1fr)', at: 'name', render: ({ id, action }) => html`<a href=${href(`/bulk/${id}`)}>${action} ${id.slice(-6)}</a>` },
  statusColumn('status', 'Status'),
  { key: 'progress', title: 'Progress', width: 'minmax(200px, 2fr)', at: 'line', render: (bulk) => html`<${Progress} bulk=${bulk} />` },
  ...['done', 'unchanged', 'refused', 'failed'].map((key) => ({ key, title: key[0].toUpperCase() + key.slice(1), width: '92px', numeric: true })),
  { key: 'by', title: 'By', width: 'minmax(90px, 1fr)', render: ({ actor }) => actor.subject },
  timeColumn('requestedAt', 'Requested', 'when'),
];

/**
 * The bulks of the tenant, with their progress.
 *
 * @param {{query: import('../../core/router.js').Query}} props
 */
export function Bulks({ query }) {
  const asked = { status: values(query, 'status'), action: values(query, 'action') };
  const bulks = useList('/bulk', asked, 'bulks', { everyMs: EVERY_MS });
  return html`
    <div class="page-head"><h1>Bulk actions</h1>${bulks.rows && html`<span class="count">${formatCount(bulks.total)}</span>`}</div>
    <p class="muted">An action on many runs, and the outcome of each. Select runs in <a href=${href('/runs')}>the list of runs</a> to begin one; a bulk without a filter is refused, unless all runs are chosen by name.</p>
    <${FilterBar} filters=${FILTERS} />
    <${List} of=${bulks} label="Bulk actions" columns=${COLUMNS} links empty=${html`<${NoBulks} />`}>
      Filters show others.<//>`;
}

Bulks.title = () => 'Bulk actions';

function NoBulks() {
  return html`<${Empty} title="No bulk action matches">
    <p>Select runs in <a href=${href('/runs')}>the list of runs</a> with their checkboxes or <kbd>x</kbd>, then choose an action. Or use the command line: <code>baton bulk cancel --status failed</code>.</p>
  <//>`;
}

/**
 * The progress of a bulk: how many of its runs have an outcome.
 *
 * @param {{bulk: Record<string, any>}} props
 */
function Progress({ bulk: { total, pending, action } }) {
  const treated = total - pending;
  return html`<span class="bulk-progress">
    <progress max=${Math.max(total, 1)} value=${treated} aria-label="Runs of ${action} that have an outcome"></progress>
    <span class="nowrap">${formatCount(treated)} of ${formatCount(total)}</span>
  </span>`;
}

const OUTCOMES = ['done', 'unchanged', 'refused', 'failed'];

/** @type {import('../../components/table.js').Column[]} */
const OUTCOME_COLUMNS = [
  { key: 'runId', title: 'Run', width: 'minmax(280px, 2fr)', at: 'name', render: ({ runId, slug, title }) => html`<a href=${href(`/runs/${runId}`)}>${title ?? slug ?? 'run'} <span class="mono">${runId}</span></a>` },
  statusColumn('outcome', 'Outcome'),
  { key: 'message', title: 'Why', width: 'minmax(220px, 3fr)', at: 'line', render: ({ code, message, newRunId }) => (newRunId
    ? html`<a class="mono" href=${href(`/runs/${newRunId}`)}>→ ${newRunId}</a>`
    : html`<span title=${message}>${message ?? code ?? ''}</span>`) },
  { key: 'round', title: 'Round', width: '70px', numeric: true },
];

/**
 * The page of a bulk; the tab of its outcomes is in the query.
 *
 * @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props
 */
export function Bulk({ params: { id }, query }) {
  const [open, setOpen] = useState(true);
  const answer = useGet(`/bulk/${id}`, {}, { everyMs: open ? EVERY_MS : 0 });
  const goesOn = answer.data === undefined || ['running', 'stopping'].includes(answer.data.status);
  if (goesOn !== open) setOpen(goesOn);
  return html`<${Loaded} of=${answer} title="Bulk action ${id}">${(/** @type {any} */ bulk) => html`
    <div class="page-head">
      <h1>${bulk.action} ${counted(bulk.total, 'run')}</h1>
      <span class="mono">${bulk.id}</span><${CopyButton} text=${bulk.id} label="id" />
      <${Status} value=${bulk.status} />
      ${mayChange() && html`<${Actions} bulk=${bulk} onDone=${answer.reload} />`}
    </div>
    <${Progress} bulk=${bulk} />
    <${Fields} rows=${[
      ['Requested', html`<${Time} at=${bulk.requestedAt} />`],
      ['By', bulk.actor.subject],
      bulk.endedAt && ['Ended', html`<${Time} at=${bulk.endedAt} />`],
      ['Options', Object.keys(bulk.args).length > 0 ? html`<code>${JSON.stringify(bulk.args)}</code>` : 'none'],
      ['Chosen by', bulk.filter ? html`<code>${JSON.stringify(bulk.filter)}</code>` : 'their ids'],
      bulk.perSecond && ['At most', `${bulk.perSecond} runs a second`],
      ['As of', `position ${bulk.position}`],
    ]} />
    <${Outcomes} bulk=${bulk} outcome=${values(query, 'outcome')[0]} />`}<//>`;
}

Bulk.title = () => 'Bulk action';

/** @param {{bulk: Record<string, any>, onDone: () => void}} props */
function Actions({ bulk, onDone }) {
  const { failure, act } = useAct();
  const ask = (/** @type {string} */ verb) => act(async () => {
    await send('POST', `/bulk/${bulk.id}/${verb}`).finally(onDone);
  });
  const over = ['completed', 'stopped'].includes(bulk.status);
  const noStop = bulk.status === 'running' ? null : over ? 'The bulk has ended' : 'The bulk is stopping already';
  const noRetry = !over ? 'The bulk hasn’t ended' : bulk.failed === 0 ? 'No run has failed; refused runs would be refused again' : null;
  return html`<span class="actions">
    <${Action} label="Stop" why=${noStop} onAct=${() => ask('stop')} />
    <${Action} label="Retry the failed" why=${noRetry} onAct=${() => ask('retry')} />
    <${Failure} error=${failure} />
  </span>`;
}

/** @param {{bulk: Record<string, any>, outcome: string | undefined}} props */
function Outcomes({ bulk, outcome }) {
  const treated = bulk.total - bulk.pending;
  const { items, more, error } = useItems(bulk.id, outcome, treated, bulk.round);
  const tabs = [{ id: '', label: 'All', count: treated }, ...OUTCOMES.map((id) => ({ id, label: id[0].toUpperCase() + id.slice(1), count: bulk[id] }))];
  const count = outcome === undefined ? treated : bulk[outcome];
  return html`
    <${Tabs} tabs=${tabs} current=${outcome ?? ''} onPick=${(/** @type {string} */ id) => setQuery({ outcome: id || undefined })} />
    <${Failure} error=${error} />
    ${items.length === 0 ? html`<${Empty} title=${outcome ? `No run is ${outcome}` : 'No run has an outcome yet'}>
      <p>${outcome ? 'The other tabs show the runs with other outcomes.' : 'The scheduler processes up to 16 runs at the same time; this page follows it.'}</p>
    <//>` : html`<${Table} label="Outcomes" columns=${OUTCOME_COLUMNS} rows=${items} total=${Math.max(count ?? 0, items.length)}
      rowKey="runId" onEnd=${more} />`}`;
}

const PAGE = 200;
const MOST = 20_000;
/** @typedef {{cursor: string | undefined, items: any[]}} Page */
const NOTHING = { pages: /** @type {Page[]} */ ([]), next: /** @type {string | undefined} */ (undefined) };

/**
 * Read the outcomes page by page, in the order in which they were recorded.
 *
 * @param {string} id The bulk's id.
 * @param {string | undefined} outcome Only runs with this newest outcome.
 * @param {number} treated Runs with an outcome; more of them read the last page again.
 * @param {number} round The round of the bulk; another one reads all again.
 * @returns {{items: any[], more: (() => void) | undefined, error: any}}
 */
function useItems(id, outcome, treated, round) {
  const { pages, next, error, reload } = useReading(`/bulk/${id}/items`, { outcome, round }, NOTHING, readItems);
  useEffect(() => {
    if (pages.length > 0) reload();
  }, [treated]);
  const items = pages.flatMap((page) => page.items);
  const more = next !== undefined && items.length < MOST ? () => reload('more') : undefined;
  return { items, more, error };
}

/** @param {import('../../core/reading.js').Task} task */
async function readItems({ get, set, state: { pages, next }, asked }) {
  const more = asked === 'more';
  if (more && next === undefined) return;
  const cursor = more ? next : pages.at(-1)?.cursor;
  const data = await get({ cursor, limit: PAGE, round: undefined });
  const kept = more ? pages : pages.slice(0, -1);
  set({ pages: [...kept, { cursor, items: data.items }], next: data.next });
}
