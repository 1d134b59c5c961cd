/** Compares two runs, or one run at two positions: the first difference, the steps and the data. */
import { html, useMemo } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { formatDuration } from '../../core/time.js';
import { JsonDiff } from '../../components/json_diff.js';
import { JsonTree } from '../../components/json_tree.js';
import { Failure, Loaded, Loading, Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { formatCount, shortJson, Status } from '../../components/values.js';
import { StepName } from '../run/rows.js';

/** @param {import('../../core/router.js').Route} route */
export function ComparePage({ params: { a, b }, query: { from, to } }) {
  const sameRun = a === b;
  const path = `/runs/${encodeURIComponent(a)}/diff`;
  // Without positions, a run is compared at its first and at its newest event.
  const until = from === undefined && to === undefined ? NEWEST : to;
  const diff = useGet(path, sameRun ? { from, to: until } : { with: b });
  return html`<div class="compare-page">
    <h1>${sameRun ? 'One run at two positions' : 'Two runs'}</h1>
    <${Loaded} of=${diff}>${(/** @type {any} */ data) => html`
      ${sameRun && html`<${Positions} from=${data.before.position} to=${data.after.position} />`}
      <${Differences} diff=${data} sameRun=${sameRun} />`}<//>
  </div>`;
}

/** @param {import('../../core/router.js').Route} route */
ComparePage.title = ({ params: { a, b } }) => (a === b ? `Run ${a} at two positions` : `Compare ${a} and ${b}`);

/** The highest position that a request may name: no event stands behind it. */
const NEWEST = 9_999_999_999;

/** @param {{diff: any, sameRun: boolean}} props */
function Differences({ diff, sameRun }) {
  const { before, after, same, first, patch, more } = diff;
  return html`
    <div class="compare-sides">
      <${Side} side=${before} asOf=${sameRun} /> <${Side} side=${after} asOf=${sameRun} />
    </div>
    ${same ? html`<${Notice} title="There is no difference.">Ids and times aren’t compared.<//>` : html`
      ${first && html`<${First} first=${first} />`}
      <h2>Steps side by side</h2>
      <${ComparedSteps} before=${before} after=${after} asOf=${sameRun} />
      <h2>Input, context and output</h2>
      <${ComparedData} before=${before} after=${after} asOf=${sameRun} />
      <h2>All differences</h2>
      <${Patch} patch=${patch} more=${more} />`}`;
}

/** @param {{side: any, asOf: boolean}} props */
function Side({ side, asOf }) {
  const link = href(`/runs/${encodeURIComponent(side.id)}`, asOf ? { asOf: String(side.position) } : {});
  return html`<div class="compare-side"><a href=${link}><code>${side.id}</code></a>
    <${Status} value=${side.status} /> <span class="muted">at position ${side.position}</span></div>`;
}

/** @param {{first: any}} props */
function First({ first }) {
  return html`<h2>First difference</h2>
    <p>Record ${first.index + 1} of the history, step <strong>${first.stepId}</strong>: ${first.members.join(', ')}.</p>
    <${JsonDiff} before=${chosen(first.before, first.members)} after=${chosen(first.after, first.members)} />`;
}

/**
 * @param {any} record
 * @param {string[]} members
 */
function chosen(record, members) {
  if (record === undefined) return {};
  return Object.fromEntries(members.filter((name) => name in record).map((name) => [name, record[name]]));
}

/** @param {Sides} sides */
function ComparedData(sides) {
  const { before, after, error } = useSides(sides, '', { fields: 'input,context,output' });
  if (error) return html`<${Failure} error=${error} />`;
  if (before === undefined || after === undefined) return html`<${Loading} />`;
  return html`<${JsonDiff} before=${dataOf(before)} after=${dataOf(after)} />`;
}

/** @typedef {{before: any, after: any, asOf: boolean}} Sides `asOf` reads each side at its position. */

/**
 * Read a path below both runs.
 *
 * @param {Sides} sides
 * @param {string} path
 * @param {import('../../core/api.js').QueryValues} query
 * @returns {{before: any, after: any, error: any}}
 */
function useSides({ before, after, asOf }, path, query) {
  const [left, right] = [before, after].map(({ id, position }) => (
    useGet(`/runs/${encodeURIComponent(id)}${path}`, { ...query, ...(asOf && { asOf: position }) })));
  return { before: left.data, after: right.data, error: left.error ?? right.error };
}

/** @param {any} run */
const dataOf = ({ input, context, output }) => ({ input, context, output });

/** @param {{patch: any[], more: number}} props */
function Patch({ patch, more }) {
  return html`
    <${Table} label="All differences" columns=${COLUMNS} rows=${patch}
      rowKey=${(/** @type {any} */ { op, path }) => `${op} ${path}`} />
    ${more > 0 && html`<p class="muted">${formatCount(more)} further differences aren’t shown.</p>`}
    <h2>As a JSON Patch (RFC 6902)</h2>
    <${JsonTree} value=${patch} label="patch" open=${false} />`;
}

const WORDS = /** @type {Record<string, string>} */ ({ add: 'only after', remove: 'only before', replace: 'differs' });
const COLUMNS = [
  { key: 'op', title: 'Is', width: '104px', at: 'state', render: (/** @type {any} */ { op }) => WORDS[op] ?? op },
  { key: 'path', title: 'Path', width: 'minmax(140px, 1fr)', at: 'name', render: (/** @type {any} */ { path }) => html`<code title=${path}>${path}</code>` },
  { key: 'value', title: 'Value after', width: 'minmax(140px, 2fr)', at: 'line', render: (/** @type {any} */ { value }) => html`<code>${shortJson(value, 300)}</code>` },
];

/**
 * Chooses the two positions at which a run is compared.
 *
 * @param {{from: number, to: number}} props
 */
function Positions({ from, to }) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    setQuery({ from: String(form.get('from')), to: String(form.get('to')) }, { replace: false });
  };
  return html`<form class="tools" onSubmit=${submit}>
    <label class="inline">from position <input name="from" type="number" min="0" required key=${`from ${from}`} defaultValue=${from} /></label>
    <label class="inline">to position <input name="to" type="number" min="0" required key=${`to ${to}`} defaultValue=${to} /></label>
    <button type="submit">Compare</button>
  </form>`;
}

/** Records of each side that are compared. */
const LIMIT = 5_000;

/** @typedef {import('../run/rows.js').Row} Row */

/**
 * The attempts, decisions and delays of two runs, those with the same step, visit and attempt in
 * one row.
 *
 * @param {Sides} sides
 */
function ComparedSteps(sides) {
  const { before, after, error } = useSides(sides, '/timeline', { limit: LIMIT });
  const rows = useMemo(() => aligned(before?.rows ?? [], after?.rows ?? []), [before, after]);
  if (error) return html`<${Failure} error=${error} />`;
  if (before === undefined || after === undefined) return html`<${Loading} />`;
  return html`<${Table} label="Steps side by side" columns=${STEP_COLUMNS} rows=${rows} rowKey="key" rowClass=${(/** @type {any} */ row) => (differs(row) ? 'is-different' : '')} />`;
}

/**
 * @param {Row[]} before
 * @param {Row[]} after
 * @returns {{key: string, before?: Row, after?: Row}[]}
 */
function aligned(before, after) {
  /** @type {Map<string, {key: string, before?: Row, after?: Row}>} */
  const rows = new Map(before.map((row) => [keyOf(row), { key: keyOf(row), before: row }]));
  for (const row of after) rows.set(keyOf(row), { key: keyOf(row), ...rows.get(keyOf(row)), after: row });
  return [...rows.values()];
}

/** @param {Row} row */
const keyOf = ({ stepId, visit, attempt }) => JSON.stringify([stepId, visit, attempt]);

/** @param {{before?: Row, after?: Row}} row */
const differs = ({ before, after }) => before?.status !== after?.status;

const STEP_COLUMNS = [
  { key: 'step', title: 'Step', width: 'minmax(110px, 2fr)', at: 'name', render: (/** @type {any} */ { before, after }) => html`<${StepName} row=${after ?? before} />` },
  { key: 'before', title: 'Before', width: '110px', at: 'about', render: (/** @type {any} */ { before }) => html`<${Status} value=${before?.status} />` },
  { key: 'tookBefore', title: 'Took', width: '80px', numeric: true, render: (/** @type {any} */ { before }) => took(before) },
  { key: 'after', title: 'After', width: '110px', at: 'more', render: (/** @type {any} */ { after }) => html`<${Status} value=${after?.status} />` },
  { key: 'tookAfter', title: 'Took', width: '80px', numeric: true, render: (/** @type {any} */ { after }) => took(after) },
  { key: 'differs', title: 'Status', width: 'minmax(80px, 1fr)', at: 'when', render: (/** @type {any} */ row) => (differs(row) ? '≠ differs' : html`<span class="muted">same</span>`) },
];

/** @param {Row | undefined} row */
function took(row) {
  return formatDuration(Date.parse(row?.endedAt ?? '') - Date.parse(row?.startedAt ?? ''));
}
