/** The ticks of a schedule: those that are to come, and those that were due, with what came of each. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { Status } from '../../components/values.js';

/** @param {{next: {ticks: any[], timezone: string, reason?: string}}} props */
export function NextTicks({ next }) {
  const { ticks, timezone, reason } = next;
  return html`
    ${reason && html`<${Notice} kind=${ticks.length === 0 ? 'warning' : 'info'}>
      ${ticks.length === 0 ? 'No tick is to come' : 'No further tick is to come'}: ${reason}.<//>`}
    ${ticks.length > 0 && html`<${Table} label="Next ticks" columns=${columns(timezone)} rows=${ticks}
      rowKey=${nextKey} />`}`;
}

/** @param {string} timezone */
function columns(timezone) {
  return [
    { key: 'at', title: 'At', width: 'minmax(250px, 1fr)', render: atCell },
    { key: 'local', title: `On the clock of ${timezone}`, width: 'minmax(200px, 1fr)' },
    { key: 'note', title: 'Note', width: 'minmax(160px, 2fr)' },
  ];
}

/** @param {any} row */
function nextKey({ at }) {
  return at;
}

/** @param {any} row */
function atCell({ at }) {
  return html`<${Time} at=${at} />`;
}

/** @param {{ticks: any[], total?: number, onEnd?: () => void}} props The newest first. */
export function PastTicks({ ticks, total, onEnd }) {
  return html`<${Table} label="Past ticks" columns=${COLUMNS} rows=${ticks} rowKey=${tickKey}
    total=${total} onEnd=${onEnd} />`;
}

const COLUMNS = [
  { key: 'nominalAt', title: 'Due', width: 'minmax(250px, 1fr)', render: dueCell },
  { key: 'outcome', title: 'Outcome', width: '110px', render: outcomeCell },
  { key: 'why', title: 'Run, or why there is none', width: 'minmax(220px, 2fr)', render: whyCell },
  { key: 'recordedAt', title: 'Recorded', width: 'minmax(250px, 1fr)', render: recordedCell },
];

/** @param {any} row */
function tickKey({ nominalAt, recordedAt }) {
  return `${nominalAt} ${recordedAt}`;
}

/** @param {any} row */
function dueCell({ nominalAt }) {
  return html`<${Time} at=${nominalAt} />`;
}

/** @param {any} row */
function outcomeCell({ outcome }) {
  return html`<${Status} value=${outcome} />`;
}

/** @param {any} row */
function whyCell({ runId, reason }) {
  return runId ? html`<a href=${href(`/runs/${runId}`)}>${runId}</a>` : reason;
}

/** @param {any} row */
function recordedCell({ recordedAt }) {
  return html`<${Time} at=${recordedAt} />`;
}
