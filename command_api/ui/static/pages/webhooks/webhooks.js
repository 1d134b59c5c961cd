/** The registered webhooks: the URLs to which Baton posts the events of runs, and one of them with its deliveries. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { mayChange } from '../../components/actions.js';
import { CopyButton } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { FormDialog, useAct } from '../../components/forms.js';
import { List, useList } from '../../components/list.js';
import { Empty, Failure, Loaded, Notice } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { statusColumn, timeColumn } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { Ref, streamHref } from '../streams/events.js';
import { Rotation, SecretDialog, WebhookDialog } from './registration.js';

const COLUMNS = [
  { key: 'url', title: 'URL', width: 'minmax(240px, 3fr)', at: 'name', render: (/** @type {any} */ { id, url }) => html`<a href=${href(`/webhooks/${id}`)}><code>${url}</code></a>` },
  { key: 'active', title: 'State', width: '110px', at: 'state', render: (/** @type {any} */ webhook) => html`<${State} webhook=${webhook} />` },
  { key: 'events', title: 'Events', width: 'minmax(200px, 2fr)', at: 'line', render: (/** @type {any} */ { events }) => events.join(', ') },
  { key: 'ordered', title: 'Ordered', width: '80px', render: (/** @type {any} */ { ordered }) => (ordered ? 'yes' : 'no') },
  timeColumn('updatedAt', 'Changed', 'when'),
];
const EVERY_MS = 3000;

/** The list, and registering one more. */
export function WebhooksPage() {
  const webhooks = useList('/webhooks', {}, 'webhooks', { everyMs: EVERY_MS });
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState(/** @type {any} */ (null));
  const added = (/** @type {any} */ webhook) => {
    setAdding(false);
    setMade(webhook);
    webhooks.reload();
  };
  return html`
    <div class="page-head"><h1>Webhooks</h1> ${webhooks.rows && html`<span class="count">${formatCount(webhooks.total)}</span>`}
      ${mayChange() && html`<div class="actions" data-actions><button type="button" class="primary"
        onClick=${() => setAdding(true)}>Register a webhook…</button></div>`}</div>
    <${List} of=${webhooks} label="Webhooks" columns=${COLUMNS} links empty=${html`<${Empty} title="No webhook is registered">
      <p>Baton posts a signed message to each registered URL when a run or a task starts or ends. Register the URL of
        a receiver to begin.</p><//>`} />
    ${adding && html`<${WebhookDialog} onDone=${added} onClose=${() => setAdding(false)} />`}
    <${SecretDialog} secrets=${made && [{ label: 'Signing secret', value: made.secret }]}
      onClose=${() => navigate(`/webhooks/${made.id}`)} />`;
}

WebhooksPage.title = () => 'Webhooks';

/** @param {{webhook: any}} props Whether deliveries are sent, and why not. */
function State({ webhook }) {
  if (webhook.active) return html`<${Status} value="active" />`;
  return html`<span title=${webhook.disabled === 'gone' ? 'The receiver answered 410 Gone.' : undefined}>
    <${Status} value="disabled" /></span>`;
}

/**
 * One webhook: its registration, how its receiver gets on, and its deliveries.
 *
 * @param {{params: Record<string, string>, query: any}} props
 */
export function WebhookPage({ params: { id }, query }) {
  const path = `/webhooks/${encodeURIComponent(id)}`;
  const answer = useGet(path, {}, { everyMs: EVERY_MS });
  return html`<${Loaded} of=${answer} title="Webhook ${id}">${(/** @type {any} */ webhook) => html`
    <div class="page-head"><h1>Webhook <span class="mono">${id}</span></h1> <${CopyButton} text=${id} label="id" />
      <${State} webhook=${webhook} />
      ${mayChange() && html`<${Actions} webhook=${webhook} reload=${answer.reload} />`}</div>
    <${Fields} rows=${[
      ['URL', html`<code>${webhook.url}</code> <${CopyButton} text=${webhook.url} label="URL" />`],
      ['Events', webhook.events.join(', ')],
      ['Order', webhook.ordered ? 'of each run is kept' : 'isn’t kept'],
      ['Registered', html`<${Time} at=${webhook.createdAt} />`],
      ['Changed', html`<${Time} at=${webhook.updatedAt} />`],
      ['Stream', html`<a href=${streamHref('webhook', id)}>All events of this webhook</a>`],
    ]} />
    ${webhook.disabled && html`<${Notice} kind="warning" title="Baton has disabled this webhook.">The receiver
      answered 410 Gone. Change it to active again once the receiver wants its messages.<//>`}
    <${Receiver} receiver=${webhook.receiver} active=${webhook.active} />
    <${Deliveries} path=${path} query=${query} />`}<//>`;
}

/** @param {{params: Record<string, string>}} given */
WebhookPage.title = ({ params }) => `Webhook ${params.id}`;

/** @param {{webhook: any, reload: () => void}} props */
function Actions({ webhook, reload }) {
  const [open, setOpen] = useState('');
  const [tested, setTested] = useState(/** @type {any} */ (null));
  const { failure, act } = useAct();
  const path = `/webhooks/${webhook.id}`;
  const close = () => setOpen('');
  const test = () => act(async () => {
    setTested(null);
    setTested((await send('POST', `${path}/test`, {})).data);
  });
  const remove = async () => {
    await send('DELETE', path);
    navigate('/webhooks', {}, { replace: true });
  };
  return html`<div class="actions" data-actions>
      <button type="button" onClick=${() => setOpen('change')}>Change…</button>
      <button type="button" onClick=${() => setOpen('secret')}>Change the secret…</button>
      <button type="button" onClick=${test}>Send a test</button>
      <button type="button" class="danger" onClick=${() => setOpen('delete')}>Delete…</button>
    </div>
    ${tested && html`<div class="wide"><${Notice} kind=${tested.success ? 'info' : 'error'}
      title=${tested.success ? `The receiver answered ${tested.status} to the test.` : `The test failed: ${tested.message}`} /></div>`}
    ${failure && html`<div class="wide"><${Failure} error=${failure} /></div>`}
    ${open === 'change' && html`<${WebhookDialog} webhook=${webhook} onClose=${close} onDone=${() => (close(), reload())} />`}
    ${open === 'secret' && html`<${Rotation} webhook=${webhook} onClose=${() => (close(), reload())} />`}
    ${open === 'delete' && html`<${FormDialog} title="Delete the webhook" label="Delete" danger onClose=${close} onAct=${remove}>
      <p>Its pending deliveries are given up, and it gets no further events. Its events stay in the log.</p>
    <//>`}`;
}

/** @type {Record<string, string>} */
const WORDS = {
  idle: 'Nothing is pending.',
  sending: 'Deliveries are on their way.',
  retrying: 'Deliveries have failed and wait for their next attempt.',
};

/**
 * The state of a receiver, as its deliveries show it.
 *
 * @param {{receiver: any, active: boolean}} props
 */
function Receiver({ receiver: { state, pending, held }, active }) {
  if (state === 'held' && active) {
    return html`<${Notice} kind="warning" title="Deliveries are held back: ${formatCount(held)} of ${formatCount(pending)} pending ones are late.">
      After ten failures in a row Baton opens the receiver’s circuit: it sends one delivery at a time to find out
      whether the receiver answers again, and then all of them. Deliveries are late, too, while all 20 requests to
      the receiver are in use.<//>`;
  }
  return html`<p><${Status} value=${state} /> ${active ? WORDS[state] : 'Nothing is sent while the webhook isn’t active.'}
    ${pending > 0 && html` <span class="muted">${formatCount(pending)} pending</span>`}</p>`;
}

/** The time between two looks at the delivery that is shown. */
const SHOWN_MS = 1000;
const FILTERS = [{ name: 'status', label: 'Status', kind: 'choice', options: ['pending', 'delivered', 'dead'] }];
const DELIVERY_COLUMNS = [
  statusColumn('status', 'Status'),
  { key: 'event', title: 'Event', width: 'minmax(204px, 1fr)', at: 'name' },
  { key: 'runId', title: 'Run', width: 'minmax(180px, 1fr)', render: (/** @type {any} */ { runId, stepId }) => html`<${Ref} kind="run" id=${runId} /> ${stepId}` },
  { key: 'attempts', title: 'Attempts', width: '88px', numeric: true },
  { key: 'lastError', title: 'Outcome', width: 'minmax(140px, 2fr)', at: 'about', render: (/** @type {any} */ { lastError, lastStatus }) => lastError ?? lastStatus },
  timeColumn('dueAt', 'Next attempt', 'more'),
  timeColumn('createdAt', 'Requested', 'when'),
];

/**
 * The deliveries of a webhook, and one of them with its attempts.
 *
 * @param {{path: string, query: any}} props `path` is that of the webhook.
 */
function Deliveries({ path, query }) {
  const deliveries = useList(`${path}/deliveries`, { status: query.status }, 'deliveries', { everyMs: EVERY_MS });
  const open = (/** @type {string | undefined} */ id) => setQuery({ delivery: id });
  return html`<h2>Deliveries ${deliveries.rows && html`<span class="count">${formatCount(deliveries.total)}</span>`}</h2>
    <${FilterBar} filters=${FILTERS} />
    <div class="split">
      <div><${List} of=${deliveries} label="Deliveries" columns=${DELIVERY_COLUMNS} current=${query.delivery}
        onOpen=${(/** @type {any} */ { id }) => open(id)} empty=${html`<${Empty}
          title=${query.status ? `No delivery is ${query.status}` : 'There is no delivery yet'}><p>A delivery is made for each
          event of a run that the webhook wants, from its registration on. “Send a test” posts a message at once.</p><//>`} /></div>
      ${query.delivery && html`<${Pane} title="Delivery" onClose=${() => open(undefined)}>
        <${Delivery} path="${path}/deliveries/${encodeURIComponent(query.delivery)}" onChange=${deliveries.reload} />
      <//>`}
    </div>`;
}

/** @param {{path: string, onChange: () => void}} props */
function Delivery({ path, onChange }) {
  const answer = useGet(path, {}, { everyMs: SHOWN_MS });
  const { failure, act } = useAct();
  const redrive = () => act(async () => {
    await send('POST', `${path}/redrive`, {}).finally(() => (answer.reload(), onChange()));
  });
  return html`<${Failure} error=${failure} />
    <${Loaded} of=${answer}>${(/** @type {any} */ { id, status, event, runId, stepId, createdAt, dueAt, history }) => html`
      ${status !== 'delivered' && mayChange() && html`<div class="actions"><button type="button" onClick=${redrive}>
        ${status === 'dead' ? 'Redrive' : 'Send it now'}</button></div>`}
      <${Fields} rows=${[
        ['Id', html`<code>${id}</code>`],
        ['Status', html`<${Status} value=${status} />`],
        ['Event', event],
        ['Caused by', html`<${Ref} kind="run" id=${runId} /> ${stepId}`],
        ['Streams', html`<a href=${streamHref('delivery', id)}>of the delivery</a>, <a href=${href(`/streams/run/${runId}`)}>of the run</a>`],
        ['Requested', html`<${Time} at=${createdAt} milliseconds />`],
        dueAt && ['Next attempt', html`<${Time} at=${dueAt} />`],
      ]} />
      <h3>Attempts</h3>
      ${history.length === 0 && html`<p class="muted">None yet.</p>`}
      <ol class="delivery-attempts">${history.map((/** @type {any} */ item, /** @type {number} */ at) => html`<${Attempt} key=${at} item=${item} />`)}</ol>`}<//>`;
}

/** @param {{item: any}} props */
function Attempt({ item: { outcome, at, attempt, status, error, nextAt, by } }) {
  return html`<li><${Status} value=${outcome} /> ${attempt && `attempt ${attempt}`}${by && `by ${by}`}
    ${' '}<${Time} at=${at} milliseconds />
    ${status && html`<div>The receiver answered ${status}.</div>`}${error && html`<div class="mono">${error}</div>`}
    ${nextAt && html`<div class="muted">Next attempt <${Time} at=${nextAt} /></div>`}</li>`;
}
