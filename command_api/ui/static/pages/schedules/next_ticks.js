/** The ticks of a schedule that are to come, in UTC and on the clock of its time zone. */
import { html } from '../../vendor/preact.js';
import { Time } from '../../core/time.js';
import { Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';

/** @param {{next: {ticks: any[], timezone: string, reason?: string}}} props */
export function NextTicks({ next }) {
  const { ticks, timezone, reason } = next;
  return html`
    ${reason && html`<${Notice} kind=${ticks.length === 0 ? 'warning' : 'info'}>
      ${ticks.length === 0 ? 'No tick is to come' : 'No further tick is to come'}: ${reason}.<//>`}
    ${ticks.length > 0 && html`<${Table} label="Next ticks" columns=${columns(timezone)} rows=${ticks}
      rowKey=${tickKey} />`}`;
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
function tickKey({ at }) {
  return at;
}

/** @param {any} row */
function atCell({ at }) {
  return html`<${Time} at=${at} />`;
}
