/** Links to the causes and the effects of the thing that a stream is about. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { useGet } from '../../core/use_get.js';
import { Status } from '../../components/values.js';
import { Ref, streamHref, thingHref } from './links.js';

/**
 * @param {{kind: string, id: string, first: any}} props `first` is the first event of the stream.
 */
export function Relations({ kind, id, first }) {
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
  const shown = items.filter(Boolean);
  if (shown.length === 0) return null;
  return html`<dl class="chain">${shown.map(([word, links]) => html`<div key=${word}>
    <dt>${word}</dt><dd>${links}</dd>
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
    sent?.total > 0 && ['Caused', html`${sent.deliveries.map((/** @type {any} */ one) => html`<${Delivery} key=${one.id} one=${one} />`)}
      ${sent.total > sent.deliveries.length && html`and ${sent.total - sent.deliveries.length} more deliveries`}`],
  ]} />`;
}

/** @param {{one: any}} props */
function Delivery({ one }) {
  return html`<span class="chain-item">${one.event}
    <${Ref} kind="delivery" id=${one.id} label="delivery" /> <${Status} value=${one.status} /></span>`;
}

/** @param {{id: string}} props */
function OfRecord({ id }) {
  const matches = useGet(`/records/${encodeURIComponent(id)}`).data?.matches ?? [];
  const fired = matches.filter((/** @type {any} */ one) => one.runId !== undefined);
  return html`<${Chain} items=${[
    ['About', html`<${Ref} kind="record" id=${id} label="the record event, with why each definition did or did not start" />`],
    ['Caused', fired.length === 0 ? 'no run' : fired.map((/** @type {any} */ one) => html`<span
      class="chain-item" key=${one.runId}>run <${Ref} kind="run" id=${one.runId} /> of ${one.slug}</span>`)],
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
