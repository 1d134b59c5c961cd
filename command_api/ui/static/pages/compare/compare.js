/** Compares two runs, or one run at two positions: the first difference, the steps and the data. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { useGet } from '../../core/use_get.js';
import { JsonDiff } from '../../components/json_diff.js';
import { JsonTree } from '../../components/json_tree.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { formatCount, shortJson, Status } from '../../components/values.js';
import { ComparedSteps } from './compared_steps.js';
import { Positions } from './positions.js';


/** @param {import('../../core/router.js').Route} route */
export const title = ({ params: { a, b } }) => (a === b ? `Run ${a} at two positions` : `Compare ${a} and ${b}`);

/** @param {import('../../core/router.js').Route} route */
export default function ComparePage({ params: { a, b }, query: { from, to } }) {
  const one = a === b;
  const path = `/runs/${encodeURIComponent(a)}/diff`;
  // Without positions, a run is compared at its first and at its newest event.
  const until = from === undefined && to === undefined ? NEWEST : to;
  const { data, error, reload } = useGet(path, one ? { from, to: until } : { with: b });
  return html`<div class="compare-page">
    <h1>${one ? 'One run at two positions' : 'Two runs'}</h1>
    ${one && data && html`<${Positions} from=${data.before.position} to=${data.after.position} />`}
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${data === undefined ? !error && html`<${Loading} />` : html`<${Differences} diff=${data} one=${one} />`}
  </div>`;
}

/** The highest position that a request may name: no event stands behind it. */
const NEWEST = 9_999_999_999;

/** @param {{diff: any, one: boolean}} props */
function Differences({ diff, one }) {
  const { before, after, same, first, patch, more } = diff;
  return html`
    <div class="compare-sides">
      <${Side} side=${before} asOf=${one} /> <${Side} side=${after} asOf=${one} />
    </div>
    ${same ? html`<${Notice} title="There is no difference.">Ids and times aren’t compared.<//>` : html`
      ${first && html`<${First} first=${first} />`}
      <h2>Steps side by side</h2>
      <${ComparedSteps} before=${before} after=${after} one=${one} />
      <h2>Input, context and output</h2>
      <${ComparedData} before=${before} after=${after} one=${one} />
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

/** @param {{before: any, after: any, one: boolean}} props */
function ComparedData({ before, after, one }) {
  const left = useData(before, one);
  const right = useData(after, one);
  const error = left.error ?? right.error;
  if (error) return html`<${Failure} error=${error} />`;
  if (left.data === undefined || right.data === undefined) return html`<${Loading} />`;
  return html`<${JsonDiff} before=${dataOf(left.data)} after=${dataOf(right.data)} />`;
}

/**
 * @param {{id: string, position: number}} side
 * @param {boolean} one
 */
function useData({ id, position }, one) {
  const query = { fields: 'input,context,output', ...(one && { asOf: position }) };
  return useGet(`/runs/${encodeURIComponent(id)}`, query);
}

/** @param {any} run */
const dataOf = ({ input, context, output }) => ({ input, context, output });

/** @param {{patch: any[], more: number}} props */
function Patch({ patch, more }) {
  return html`
    <${Table} label="All differences" columns=${COLUMNS} rows=${patch}
      rowKey=${(/** @type {any} */ one) => `${one.op} ${one.path}`} />
    ${more > 0 && html`<p class="muted">${formatCount(more)} further differences aren’t shown.</p>`}
    <h2>As a JSON Patch (RFC 6902)</h2>
    <${JsonTree} value=${patch} label="patch" open=${false} />`;
}

const WORDS = /** @type {Record<string, string>} */ ({ add: 'only after', remove: 'only before', replace: 'differs' });
const COLUMNS = [
  { key: 'op', title: 'Is', width: '104px', render: (/** @type {any} */ { op }) => WORDS[op] ?? op },
  { key: 'path', title: 'Path', width: 'minmax(140px, 1fr)', render: (/** @type {any} */ { path }) => html`<code title=${path}>${path}</code>` },
  { key: 'value', title: 'Value after', width: 'minmax(140px, 2fr)', render: (/** @type {any} */ { value }) => html`<code>${shortJson(value, 300)}</code>` },
];
