/** The events of any one thing – a run, a definition, a delivery … – and what they are linked to. */
import { html, useEffect } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { Empty, Failure, Loading } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { EventDetails } from './event_details.js';
import { isFailure } from './failures.js';
import { Relations } from './relations.js';
import { summaryOf } from './summary.js';
import { useStream } from './use_stream.js';

/** @param {{params: Record<string, string>}} given */
export const title = ({ params }) => `Events of ${params.kind} ${params.id}`;

const COLUMNS = [
  { key: 'version', title: 'Version', width: '72px', numeric: true },
  { key: 'at', title: 'Time', width: 'minmax(260px, 1.2fr)', render: at },
  { key: 'type', title: 'Event', width: 'minmax(150px, 1fr)', render: type },
  { key: 'summary', title: 'Data', width: 'minmax(160px, 3fr)', render: summary },
  { key: 'position', title: 'Position', width: '90px', numeric: true },
];

/** @param {{params: Record<string, string>, query: any}} props */
export default function StreamPage({ params: { kind, id }, query }) {
  const wanted = Number(query.event) || 0;
  const { events, end, error, more } = useStream(kind, id, wanted);
  const index = events.findIndex(({ version }) => version === wanted);
  const show = (/** @type {number} */ place) => {
    const event = events[Math.max(0, Math.min(place, events.length - 1))];
    if (event !== undefined) setQuery({ event: String(event.version) });
  };
  useShortcut('[', 'Show the event before', () => show(index < 0 ? events.length - 1 : index - 1));
  useShortcut(']', 'Show the next event', () => show(index + 1));
  useEffect(() => {
    if (index >= 0 && index === events.length - 1 && !end) more();
  }, [index, end, events.length]);
  return html`
    <div class="page-head">
      <h1>Events of ${kind} <span class="mono">${id}</span></h1> <${CopyButton} text=${id} label="id" />
      <div class="actions" data-actions>
        <button type="button" onClick=${() => show(index - 1)} disabled=${index <= 0}>[ Previous</button>
        <button type="button" onClick=${() => show(index + 1)} disabled=${events.length === 0}>] Next</button>
      </div>
    </div>
    <${Relations} kind=${kind} id=${id} first=${events[0]} />
    ${error && html`<${Failure} error=${error} onRetry=${more} />`}
    ${!error && events.length === 0 && (end ? html`<${Empty} title="The stream has no event" />` : html`<${Loading} />`)}
    ${events.length > 0 && html`<div class="split">
      <${Table} label="Events" columns=${COLUMNS} rows=${events} rowKey=${keyOf} current=${String(wanted)}
        total=${end ? events.length : events.length + 1} onEnd=${more} rowClass=${rowClass}
        onOpen=${(/** @type {any} */ one) => setQuery({ event: String(one.version) })} />
      ${index >= 0 && html`<${Pane} title="Event ${wanted}" onClose=${() => setQuery({ event: undefined })}>
        <${EventDetails} event=${events[index]} about=${{ kind, id }} inStream />
      <//>`}
    </div>`}`;
}

/** @param {any} one */
const keyOf = (one) => String(one.version);
/** @param {any} one */
const rowClass = (one) => (isFailure(one.type) ? 'row-bad' : '');

/** @param {any} one */
function at(one) {
  return html`<${Time} at=${one.at} milliseconds />`;
}

/** @param {any} one */
function type(one) {
  const [, name] = one.type.split('.');
  return html`<span class=${isFailure(one.type) ? 'tone-bad' : ''}>${isFailure(one.type) ? '✕ ' : ''}${name}</span>`;
}

/** @param {any} one */
function summary(one) {
  return html`<span class="mono muted">${summaryOf(one.data)}</span>`;
}
