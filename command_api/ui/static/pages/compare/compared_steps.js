/** The attempts, decisions and delays of two runs, those with the same step, visit and attempt in one row. */
import { html, useMemo } from '../../vendor/preact.js';
import { formatDuration } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { Failure, Loading } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { Status } from '../../components/values.js';
import { StepName } from '../run/step/step_name.js';

/** Records of each side that are compared. */
const LIMIT = 5_000;

/** @typedef {import('../run/timeline/timeline_rows.js').Row} Row */

/** @param {{before: any, after: any, one: boolean}} props */
export function ComparedSteps({ before, after, one }) {
  const left = useTimelineOf(before, one);
  const right = useTimelineOf(after, one);
  const rows = useMemo(() => aligned(left.data?.rows ?? [], right.data?.rows ?? []), [left.data, right.data]);
  const error = left.error ?? right.error;
  if (error) return html`<${Failure} error=${error} />`;
  if (left.data === undefined || right.data === undefined) return html`<${Loading} />`;
  return html`<${Table} label="Steps side by side" columns=${COLUMNS} rows=${rows}
    rowKey=${(/** @type {any} */ row) => row.key} rowClass=${(/** @type {any} */ row) => (differs(row) ? 'is-different' : '')} />`;
}

/**
 * @param {{id: string, position: number}} side
 * @param {boolean} one
 */
function useTimelineOf({ id, position }, one) {
  return useGet(`/runs/${encodeURIComponent(id)}/timeline`, { limit: LIMIT, ...(one && { asOf: position }) });
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

const COLUMNS = [
  { key: 'step', title: 'Step', width: 'minmax(110px, 2fr)', render: (/** @type {any} */ { before, after }) => html`<${StepName} row=${after ?? before} />` },
  { key: 'before', title: 'Before', width: '110px', render: (/** @type {any} */ { before }) => html`<${Status} value=${before?.status} />` },
  { key: 'tookBefore', title: 'Took', width: '80px', numeric: true, render: (/** @type {any} */ { before }) => took(before) },
  { key: 'after', title: 'After', width: '110px', render: (/** @type {any} */ { after }) => html`<${Status} value=${after?.status} />` },
  { key: 'tookAfter', title: 'Took', width: '80px', numeric: true, render: (/** @type {any} */ { after }) => took(after) },
  { key: 'differs', title: 'Status', width: 'minmax(80px, 1fr)', render: (/** @type {any} */ row) => (differs(row) ? '≠ differs' : html`<span class="muted">same</span>`) },
];

/** @param {Row | undefined} row */
function took(row) {
  return formatDuration(Date.parse(row?.endedAt ?? '') - Date.parse(row?.startedAt ?? ''));
}
