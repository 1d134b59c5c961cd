/** The step that a decision chose, and the comparisons that led to it. */
import { html } from '../../vendor/preact.js';
import { Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';

/** @param {{result: any}} props */
export function DecisionResult({ result }) {
  const { next, case: index, evaluations } = result;
  const rows = evaluations.flatMap(comparisons);
  const why = index === undefined ? elseWhy(evaluations) : `because case ${index + 1} holds`;
  return html`
    <${Notice} title=${next === undefined ? 'The run would end' : `The run would go on at ${next}`}>${why}.<//>
    ${rows.length > 0 && html`<${Table} label="Comparisons" columns=${COLUMNS} rows=${rows} />`}`;
}

/** @param {any[]} evaluations */
function elseWhy(evaluations) {
  return evaluations.length === 0 ? 'because no case was considered' : 'because no case holds';
}

/** @param {any} evaluation */
function comparisons({ caseIndex, next, matched, conditions }) {
  const shared = { case: caseIndex + 1, next: next ?? 'the end' };
  if (conditions.length === 0) {
    return [{ id: `${caseIndex}`, ...shared, path: '(no condition)', holds: matched }];
  }
  return conditions.map((/** @type {any} */ one, /** @type {number} */ index) => ({
    id: `${caseIndex}.${index}`,
    ...shared,
    path: one.path,
    operator: one.operator,
    expected: 'expected' in one ? JSON.stringify(one.expected) : '',
    actual: one.pathExists ? JSON.stringify(one.actual) : 'nothing there',
    holds: one.matched,
    error: one.error,
  }));
}

const COLUMNS = [
  { key: 'case', title: 'Case', width: '64px', numeric: true },
  { key: 'next', title: 'Leads to', width: 'minmax(90px, 1fr)' },
  { key: 'path', title: 'Path', width: 'minmax(160px, 2fr)' },
  { key: 'actual', title: 'Value', width: 'minmax(90px, 1fr)' },
  { key: 'operator', title: 'Operator', width: '90px' },
  { key: 'expected', title: 'Compared with', width: 'minmax(110px, 1fr)' },
  { key: 'holds', title: 'Holds', width: 'minmax(80px, 1fr)', render: holdsCell },
];

/** @param {any} row */
function holdsCell({ holds, error }) {
  const tone = holds ? 'good' : 'bad';
  return html`<span class="tone-${tone}">${holds ? '✓ yes' : '✕ no'}</span>
    ${error && html` <span class="muted" title=${error}>${error}</span>`}`;
}
