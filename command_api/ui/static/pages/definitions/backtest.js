/** Backtests: a changed document is tried on recorded runs, and the report says what would have differed. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { whyNow } from '../../components/actions.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { Choice, Field, JsonText, parseJson, submit, useAct } from '../../components/forms.js';
import { Failure, Loaded, Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { formatCount, Status } from '../../components/values.js';

const STATUSES = ['completed', 'failed', 'cancelled', 'running', 'paused', 'pending'];
const LAST = 1000;

/**
 * Starts a backtest: a changed document, and which recorded runs it is tried on.
 *
 * @param {{path: string, document: any}} props
 */
export function BacktestForm({ path, document }) {
  const [form, setForm] = useState(() => ({
    text: JSON.stringify(document, null, 2), last: String(LAST), since: '', status: '', map: '', stubs: '',
  }));
  const { busy, failure, act } = useAct();
  const fault = ['text', 'map', 'stubs'].find((name) => parseJson(/** @type {any} */ (form)[name]).error);
  const body = fault === undefined ? requestOf(form) : {};
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm({ ...form, [name]: value });
  const start = () => act(async () => {
    const { data } = await send('POST', `${path}/backtests`, body);
    setQuery({ backtest: data.id, tab: 'backtest', offset: undefined }, { replace: false });
  });
  const why = whyNow(fault !== undefined && 'A field isn’t valid JSON.');
  return html`<form onSubmit=${submit(start)}>
    <p class="muted">Change the document. Its decisions are made again on recorded runs, with the outcomes
      that their steps had.</p>
    <${JsonText} label="Changed definition (JSON)" value=${form.text} rows=${16} onInput=${set('text')} />
    <${ChosenRuns} form=${form} set=${set} />
    <${Failure} error=${failure} />
    ${!may('orchestrator:write') && html`<${Notice}>A backtest needs the scope orchestrator:write.<//>`}
    <p class="actions">
      ${may('orchestrator:write') && html`<button type="submit" class="primary" disabled=${busy || Boolean(why)}
        title=${why || ''}>Start the backtest</button>`}
      <button type="button" onClick=${() => set('text')(JSON.stringify(document, null, 2))}>Undo all changes</button>
      <${CopyButton} text=${() => curlLine('POST', `${path}/backtests`, body)} label="curl line">curl<//>
    </p>
  </form>`;
}

/**
 * The choice of the runs, and the outcomes of renamed and new steps.
 *
 * @param {{form: any, set: (name: string) => (value: string) => void}} props
 */
function ChosenRuns({ form, set }) {
  return html`<p class="actions">
      <${Field} class="inline" label="Newest runs" type="number" min="1" max="1000000" required value=${form.last} onInput=${set('last')} />
      <${Field} class="inline" label="since" placeholder="2027-01-01T09:00:00Z" value=${form.since} onInput=${set('since')} />
      <${Choice} class="inline" label="status" value=${form.status} options=${[['', 'any'], ...STATUSES]} onPick=${set('status')} />
    </p>
    <details><summary>Renamed and new steps</summary>
      <${JsonText} label="Renamed steps (JSON)" value=${form.map} rows=${3} onInput=${set('map')}
        hint=${'New ids with the ids under which outcomes were recorded: {"charge_card": "charge"}'} />
      <${JsonText} label="Outputs of steps without an outcome (JSON)" value=${form.stubs} rows=${3}
        onInput=${set('stubs')} hint=${'By step id: {"send": {"parcel": 1}}'} />
    </details>`;
}

/** @param {{text: string, last: string, since: string, status: string, map: string, stubs: string}} form */
function requestOf({ text, last, since, status, map, stubs }) {
  const [definition, renamed, outputs] = [text, map, stubs].map((json) => parseJson(json).value);
  return {
    definition,
    last: Number(last),
    since: since.trim() === '' ? undefined : since.trim(),
    status: status === '' ? undefined : [status],
    map: renamed,
    stubs: outputs,
  };
}

const PAGE = 100;
const EVERY_MS = 700;
const OPEN = ['queued', 'running'];
/** @type {[string, string][]} */
const VERDICTS = [['same', 'the same'], ['differs', 'differ'], ['unknown', 'unknown'],
  ['notComparable', 'not comparable'], ['error', 'unreadable']];

/**
 * A backtest under way, and its report once it has ended.
 *
 * @param {{id: string, query: import('../../core/router.js').Query}} props
 */
export function BacktestProgress({ id, query }) {
  const [ended, setEnded] = useState('');
  const offset = Number(query.offset ?? 0);
  const answer = useGet(`/backtests/${encodeURIComponent(id)}`, { limit: PAGE, offset }, {
    everyMs: ended === id ? 0 : EVERY_MS,
  });
  const { id: of, status } = answer.data ?? {};
  if (of === id && ended !== id && !OPEN.includes(status)) setEnded(id);
  return html`<${Loaded} of=${answer}>${(/** @type {any} */ job) => html`<section aria-label="Backtest">
    <h2>Backtest <${Status} value=${job.status} /></h2>
    <${Progress} job=${job} onStopped=${answer.reload} />
    ${job.error && html`<${Notice} kind="error" title="The backtest failed.">${job.error}<//>`}
    ${job.report && html`<${Report} report=${job.report} offset=${offset} />`}
  </section>`}<//>`;
}

/**
 * The progress of a backtest, and the button that stops it.
 *
 * @param {{job: any, onStopped: () => void}} props
 */
function Progress({ job, onStopped }) {
  const { failure, act } = useAct();
  const { id, status, replayed, total } = job;
  const stop = () => act(async () => {
    await send('POST', `/backtests/${id}/stop`, {});
    onStopped();
  });
  return html`<p class="actions" role="status">
    <progress max=${total ?? 1} value=${total === undefined ? undefined : replayed}></progress>
    ${formatCount(replayed)} of ${total === undefined ? 'the chosen' : formatCount(total)} runs replayed${' '}
    ${OPEN.includes(status) && may('orchestrator:write') && html`<button type="button" onClick=${stop}>Stop</button>`}
  </p>
  <${Failure} error=${failure} />`;
}

/** @param {{report: any, offset: number}} props */
function Report({ report, offset }) {
  const { runs, groups, items, omitted } = report;
  const listed = runs - report.same - omitted;
  return html`
    <p>${formatCount(runs)} runs: ${VERDICTS.filter(([name]) => report[name] > 0)
      .map(([name, text]) => `${report[name].toLocaleString('en')} ${text}`).join(', ') || 'none were chosen'}.</p>
    ${runs > 0 && report.same === runs && html`<${Notice} title="Every run would take the same path." />`}
    ${groups.length > 0 && html`<h3>Differences</h3>
      <${Table} label="Differences" columns=${GROUPS} rows=${groups} rowKey=${groupKey} />`}
    ${items.length > 0 && html`<h3>Runs that would differ</h3>
      <${Table} label="Runs that would differ" columns=${ITEMS} rows=${items} />
      <p class="actions">
        ${offset > 0 && html`<button type="button" onClick=${() => page(offset - PAGE)}>Before</button>`}
        ${offset + items.length < listed && html`<button type="button" onClick=${() => page(offset + PAGE)}>More</button>`}
        ${omitted > 0 && html`<span class="muted">${formatCount(omitted)} more aren’t listed.</span>`}
      </p>`}`;
}

/** @param {number} offset */
function page(offset) {
  setQuery({ offset: offset > 0 ? String(offset) : undefined });
}

const GROUPS = [
  { key: 'count', title: 'Runs', width: '80px', at: 'when', numeric: true },
  { key: 'stepId', title: 'Step', width: 'minmax(100px, 1fr)', at: 'name', render: (/** @type {any} */ { stepId }) => stepId ?? 'the end' },
  { key: 'was', title: 'Was', width: 'minmax(100px, 1fr)', at: 'about', render: (/** @type {any} */ { was }) => was ?? '–' },
  { key: 'wouldBe', title: 'Would be', width: 'minmax(100px, 1fr)', at: 'more' },
  { key: 'examples', title: 'Such as', width: 'minmax(200px, 2fr)', render: (/** @type {any} */ { examples }) => examples.slice(0, 3).map(runLink) },
];

const ITEMS = [
  { key: 'id', title: 'Run', width: 'minmax(180px, 1fr)', at: 'name', render: (/** @type {any} */ { id }) => runLink(id) },
  { key: 'verdict', title: 'Verdict', width: '110px', at: 'state' },
  { key: 'first', title: 'First difference', width: 'minmax(200px, 2fr)', at: 'line', render: firstCell },
  { key: 'path', title: 'Would go', width: 'minmax(180px, 2fr)', render: pathCell },
  { key: 'outcome', title: 'Would end', width: 'minmax(120px, 1fr)', render: (/** @type {any} */ { outcome }) => outcome?.wouldBe },
];

/** @param {any} group */
function groupKey({ stepId, was, wouldBe }) {
  return JSON.stringify([stepId, was, wouldBe]);
}

/** @param {string} id */
function runLink(id) {
  return html`<a key=${id} href=${href(`/runs/${id}`)}>${id}</a> `;
}

/** @param {any} item */
function firstCell({ first, reason }) {
  if (first === undefined) return reason;
  const { stepId, was, wouldBe } = first;
  return `${stepId ?? 'the end'}: was ${was}, would be ${wouldBe}`;
}

/** @param {any} item */
function pathCell({ path }) {
  return path?.wouldBe.join(' → ');
}
