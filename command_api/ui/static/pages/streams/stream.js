/** The events of any one thing – a run, a definition, a delivery … – and what they are linked to. */
import { html, useEffect } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { useGet, useReading } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { Empty, Failure, Loading } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { Status } from '../../components/values.js';
import { EventDetails, isFailure, Ref, rowClass, streamHref, summaryOf, thingHref } from './events.js';

const COLUMNS = [
  { key: 'version', title: 'Version', width: '72px', numeric: true },
  { key: 'at', title: 'Time', width: 'minmax(260px, 1.2fr)', at: 'when', render: timeCell },
  { key: 'type', title: 'Event', width: 'minmax(150px, 1fr)', at: 'name', render: typeCell },
  { key: 'summary', title: 'Data', width: 'minmax(160px, 3fr)', at: 'line', render: summaryCell },
  { key: 'position', title: 'Position', width: '90px', numeric: true },
];

/** @param {{params: Record<string, string>, query: any}} props */
export function StreamPage({ params: { kind, id }, query }) {
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
        <button type="button" onClick=${() => show(index - 1)} disabled=${index <= 0} title="Key [">‹ Previous</button>
        <button type="button" onClick=${() => show(index + 1)} disabled=${events.length === 0} title="Key ]">Next ›</button>
      </div>
    </div>
    <${Relations} kind=${kind} id=${id} first=${events[0]} />
    <${Failure} error=${error} onRetry=${more} />
    ${!error && events.length === 0 && (end ? html`<${Empty} title="The stream has no event" />` : html`<${Loading} />`)}
    ${events.length > 0 && html`<div class="split">
      <${Table} label="Events" columns=${COLUMNS} rows=${events} rowKey="version" current=${String(wanted)}
        total=${end ? events.length : events.length + 1} onEnd=${more} rowClass=${rowClass}
        onOpen=${(/** @type {any} */ { version }) => setQuery({ event: String(version) })} />
      ${index >= 0 && html`<${Pane} title="Event ${wanted}" onClose=${() => setQuery({ event: undefined })}>
        <${EventDetails} event=${events[index]} about=${{ kind, id }} inStream />
      <//>`}
    </div>`}`;
}

/** @param {{params: Record<string, string>}} given */
StreamPage.title = ({ params }) => `Events of ${params.kind} ${params.id}`;

/** @param {any} event */
function timeCell({ at }) {
  return html`<${Time} at=${at} milliseconds />`;
}

/** @param {any} event */
function typeCell({ type }) {
  const [, name] = type.split('.');
  return isFailure(type) ? `✕ ${name}` : name;
}

/** @param {any} event */
function summaryCell({ data }) {
  const summary = summaryOf(data);
  return html`<span class="mono muted" title=${summary}>${summary}</span>`;
}

/**
 * Links to the causes and the effects of the thing that a stream is about.
 *
 * @param {{kind: string, id: string, first: any}} props `first` is the first event of the stream.
 */
function Relations({ kind, id, first }) {
  if (kind === 'run') return html`<${OfRun} id=${id} />`;
  if (kind === 'record') return html`<${OfRecord} id=${id} />`;
  if (kind === 'delivery') return html`<${OfDelivery} data=${first?.data} id=${id} />`;
  const runs = kind === 'definition' ? href('/runs', { definitionId: id }) : null;
  const own = thingHref(kind, id);
  return html`<${Chain} items=${[
    own !== null && !own.includes('/streams/') && ['About', html`<a href=${own}>the ${kind}</a>`],
    runs !== null && ['Caused', html`<a href=${runs}>its runs</a>`],
  ]} />`;
}

/** @param {{items: any[]}} props Pairs of a word and links. */
function Chain({ items }) {
  const links = items.filter(Boolean);
  if (links.length === 0) return null;
  return html`<dl class="chain">${links.map(([word, targets]) => html`<div key=${word}>
    <dt>${word}</dt><dd>${targets}</dd>
  </div>`)}</dl>`;
}

/** @param {{id: string}} props */
function OfRun({ id }) {
  const path = `/runs/${encodeURIComponent(id)}`;
  const topics = [`run:${id}`];
  const run = useGet(path, { fields: '' }, { topics }).data;
  const record = useGet(run?.trigger.kind === 'record' ? `${path}/record` : null).data?.record;
  const sent = useGet(`${path}/deliveries`, { limit: 10 }, { topics }).data;
  if (run === undefined) return null;
  const { kind, runId, scheduleId } = run.trigger;
  return html`<${Chain} items=${[
    ['Caused by', [
      record && html`record event <${Ref} kind="record" id=${record.id} label=${record.recordId ?? record.id} />`,
      kind === 'rerun' && html`run <${Ref} kind="run" id=${runId} />`,
      kind === 'schedule' && html`schedule <${Ref} kind="schedule" id=${scheduleId} />`,
      !record && !['rerun', 'schedule'].includes(kind) && html`${kind} start by ${run.actor.subject}`,
    ]],
    ['Is a run of', html`<${Ref} kind="definition" id=${run.definitionId} label=${run.slug ?? run.definitionId} />
      version ${run.version} <${Status} value=${run.status} />`],
    run.rerunId && ['Ran again as', html`<${Ref} kind="run" id=${run.rerunId} />`],
    sent?.total > 0 && ['Caused', html`${sent.deliveries.map((/** @type {any} */ delivery) => html`<${Delivery} key=${delivery.id} ...${delivery} />`)}
      ${sent.total > sent.deliveries.length && html`and ${sent.total - sent.deliveries.length} more deliveries`}`],
  ]} />`;
}

/** @param {{id: string, event: string, status: string}} props */
function Delivery({ id, event, status }) {
  return html`<span class="chain-item">${event}
    <${Ref} kind="delivery" id=${id} label="delivery" /> <${Status} value=${status} /></span>`;
}

/** @param {{id: string}} props */
function OfRecord({ id }) {
  const matches = useGet(`/records/${encodeURIComponent(id)}`).data?.matches ?? [];
  const fired = matches.filter((/** @type {any} */ { runId }) => runId !== undefined);
  return html`<${Chain} items=${[
    ['About', html`<${Ref} kind="record" id=${id} label="the record event, with why each definition did or did not start" />`],
    ['Caused', fired.length === 0 ? 'no run' : fired.map((/** @type {any} */ { runId, slug }) => html`<span
      class="chain-item" key=${runId}>run <${Ref} kind="run" id=${runId} /> of ${slug}</span>`)],
  ]} />`;
}

/** @param {{data: any, id: string}} props */
function OfDelivery({ data, id }) {
  if (data === undefined) return null;
  const page = href(`/webhooks/${data.webhook_id}`, { delivery: id });
  return html`<${Chain} items=${[
    ['Caused by', html`<a href=${streamHref('run', data.run_id, data.run_version)}>${data.event} of the run</a>
      <${Ref} kind="run" id=${data.run_id} />`],
    ['Sent to', html`<a href=${page}>the webhook, with each attempt</a>`],
  ]} />`;
}

const PAGE = 1000;
const EVERY_MS = 3000;
/** `end` is true when `events` reach the newest one. */
const NOTHING = { events: /** @type {any[]} */ ([]), end: false };

/**
 * Read the events of a stream page by page, at first up to the version `wanted`, and new ones.
 *
 * @param {string} kind
 * @param {string} id
 * @param {number} wanted
 */
function useStream(kind, id, wanted) {
  const path = `/streams/${kind}/${encodeURIComponent(id)}/events`;
  const follow = kind === 'run' ? { topics: [`run:${id}`] } : { everyMs: EVERY_MS };
  const stream = useReading(path, {}, NOTHING, (task) => readEvents(task, wanted), follow);
  return { ...stream, more: () => stream.reload('more') };
}

/**
 * @param {import('../../core/reading.js').Task} task
 * @param {number} wanted
 */
async function readEvents({ get, set, state, asked }, wanted) {
  let { events, end } = state;
  if (events.length > 0 && !end && asked !== 'more') return;
  const last = () => events.at(-1)?.version ?? 0;
  do {
    const data = await get({ after: last(), limit: PAGE });
    if (data.events.length > 0) events = [...events, ...data.events];
    end = data.next === undefined;
    set({ events, end });
  } while (!end && last() < wanted);
}
