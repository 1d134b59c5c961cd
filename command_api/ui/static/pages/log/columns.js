/** The columns of the log. A row is an event, or stands for a group of folded ones. */
import { html } from '../../vendor/preact.js';
import { Time } from '../../core/time.js';
import { isFailure } from '../streams/failures.js';
import { Ref } from '../streams/links.js';
import { summaryOf } from '../streams/summary.js';

/** The columns of the log. */
export const COLUMNS = [
  { key: 'position', title: 'Position', width: '90px', numeric: true, render: position },
  { key: 'at', title: 'Time', width: 'minmax(260px, 1.2fr)', render: time },
  { key: 'type', title: 'Event', width: 'minmax(200px, 1fr)', render: type },
  { key: 'id', title: 'Of', width: 'minmax(220px, 1fr)', render: about },
  { key: 'data', title: 'Data', width: 'minmax(160px, 2fr)', render: data },
];

/** @param {any} one */
function position(one) {
  return one.fold ? '' : one.position;
}

/** @param {any} one */
function time(one) {
  return one.fold ? '' : html`<${Time} at=${one.at} milliseconds />`;
}

/** @param {any} one */
function about(one) {
  return one.fold ? '' : html`${one.kind} <${Ref} kind=${one.kind} id=${one.id} />`;
}

/** @param {any} one */
function type(one) {
  if (one.fold) return html`<span class="muted">${one.count} folded</span>`;
  return html`<${EventType} type=${one.type} />`;
}

/** @param {any} one */
function data(one) {
  const counts = () => Object.entries(one.types).map(([name, count]) => `${name} ${count}`).join(', ');
  return html`<span class="mono muted">${one.fold ? counts() : summaryOf(one.data)}</span>`;
}

/** @param {{type: string}} props The type of an event; a failure has a sign, too. */
export function EventType({ type: name }) {
  return isFailure(name) ? html`<span class="tone-bad">✕ ${name}</span>` : name;
}
