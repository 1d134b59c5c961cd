/** The registered webhooks: the URLs to which Baton posts the events of runs, and one of them with its deliveries. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { FormDialog, useAct } from '../../components/forms.js';
import { Empty, Failure, Loading, Notice } from '../../components/notice.js';
import { Dialog, Pane } from '../../components/panes.js';
import { statusColumn, Table, timeColumn } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { Ref, streamHref } from '../streams/events.js';
import { Rotation, SecretDialog, WebhookForm } from './registration.js';

const COLUMNS = [
  { key: 'url', title: 'URL', width: 'minmax(240px, 3fr)', render: (/** @type {any} */ { url }) => html`<code>${url}</code>` },
  { key: 'active', title: 'State', width: '110px', render: (/** @type {any} */ one) => html`<${State} webhook=${one} />` },
  { key: 'events', title: 'Events', width: 'minmax(200px, 2fr)', render: (/** @type {any} */ { events }) => events.join(', ') },
  { key: 'ordered', title: 'Ordered', width: '80px', render: (/** @type {any} */ { ordered }) => (ordered ? 'yes' : 'no') },
  timeColumn('updatedAt', 'Changed'),
];
const LIMIT = 500;

/** The list, and registering one more. */
export function WebhooksPage() {
  const { data, error, reload } = useGet('/webhooks', { limit: LIMIT });
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState(/** @type {any} */ (null));
  const open = (/** @type {any} */ { id }) => navigate(`/webhooks/${id}`);
  const added = (/** @type {any} */ webhook) => {
    setAdding(false);
    setMade(webhook);
    reload();
  };
  const add = may('orchestrator:write') && !readOnly.value && html`<button type="button" class="primary"
    onClick=${() => setAdding(true)}>Register a webhook</button>`;
  return html`
    <div class="page-head"><h1>Webhooks</h1> <span class="muted">${data && `${data.total} registered`}</span>
      <div class="actions" data-actions>${add}</div></div>
    <${Failure} error=${error} onRetry=${reload} />
    ${!data && !error && html`<${Loading} />`}
    ${data?.total === 0 && html`<${Empty} title="No webhook is registered"><p>Baton posts a signed message to each
      registered URL when a run or a task starts or ends. Register the URL of a receiver to begin.</p><//>`}
    ${data?.total > 0 && html`<${Table} label="Webhooks" columns=${COLUMNS} rows=${data.webhooks} onOpen=${open} />`}
    ${data?.total > LIMIT && html`<p class="muted">Only the oldest ${LIMIT} are shown.</p>`}
    <${Dialog} title="Register a webhook" open=${adding} onClose=${() => setAdding(false)}>
      <${WebhookForm} onDone=${added} />
    <//>
    <${SecretDialog} secrets=${made && [{ label: 'Signing secret', value: made.secret }]}
      onClose=${() => open(made)} />`;
}

WebhooksPage.title = () => 'Webhooks';

/** @param {{webhook: any}} props Whether deliveries are sent, and why not. */
function State({ webhook }) {
  if (webhook.active) return html`<${Status} value="active" />`;
  return html`<span title=${webhook.disabled === 'gone' ? 'The receiver answered 410 Gone.' : undefined}>
    <${Status} value="disabled" /></span>`;
}

const EVERY_MS = 3000;

/**
 * One webhook: its registration, how its receiver gets on, and its deliveries.
 *
 * @param {{params: Record<string, string>, query: any}} props
 */
export function WebhookPage({ params: { id }, query }) {
  const path = `/webhooks/${encodeURIComponent(id)}`;
  const { data: webhook, error, reload } = useGet(path, {}, { everyMs: EVERY_MS });
  if (error && !webhook) return html`<h1>Webhook</h1><${Failure} error=${error} onRetry=${reload} />`;
  if (webhook === undefined) return html`<${Loading} />`;
  return html`
    <div class="page-head"><h1>Webhook <span class="mono">${id}</span></h1> <${CopyButton} text=${id} label="id" />
      <${State} webhook=${webhook} />
      ${may('orchestrator:write') && !readOnly.value && html`<${Actions} webhook=${webhook} reload=${reload} />`}</div>
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
    <${Deliveries} path=${path} query=${query} />`;
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
    <${Dialog} title="Change the webhook" open=${open === 'change'} onClose=${close}>
      <${WebhookForm} webhook=${webhook} onDone=${() => (close(), reload())} />
    <//>
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

const PAGE = 200;
const MOST = 500;
/** The time between two looks at the delivery that is shown. */
const SHOWN_MS = 1000;
const FILTERS = [{ name: 'status', label: 'Status', kind: 'choice', options: ['pending', 'delivered', 'dead'] }];
const DELIVERY_COLUMNS = [
  statusColumn('status', 'Status'),
  { key: 'event', title: 'Event', width: 'minmax(230px, 1fr)' },
  { key: 'runId', title: 'Run', width: 'minmax(190px, 1fr)', render: (/** @type {any} */ { runId, stepId }) => html`<${Ref} kind="run" id=${runId} /> ${stepId}` },
  { key: 'attempts', title: 'Attempts', width: '88px', numeric: true },
  { key: 'lastError', title: 'Outcome', width: 'minmax(140px, 2fr)', render: (/** @type {any} */ { lastError, lastStatus }) => lastError ?? lastStatus },
  timeColumn('dueAt', 'Next attempt'),
  timeColumn('createdAt', 'Requested'),
];

/**
 * The deliveries of a webhook, and one of them with its attempts.
 *
 * @param {{path: string, query: any}} props `path` is that of the webhook.
 */
function Deliveries({ path, query }) {
  const [limit, setLimit] = useState(PAGE);
  const { data, error, reload } = useGet(`${path}/deliveries`, { status: query.status, limit }, { everyMs: EVERY_MS });
  const open = (/** @type {string | undefined} */ id) => setQuery({ delivery: id });
  return html`<h2>Deliveries ${data && html`<span class="count">${formatCount(data.total)}</span>`}</h2>
    <${FilterBar} filters=${FILTERS} />
    <${Failure} error=${error} onRetry=${reload} />
    ${!data && !error && html`<${Loading} />`}
    ${data?.total === 0 && html`<${Empty} title=${query.status ? `No delivery is ${query.status}` : 'There is no delivery yet'}><p>
      A delivery is made for each event of a run that the webhook wants, from its registration on. “Send a test” posts
      a message at once.</p><//>`}
    <div class="split">
      ${data?.total > 0 ? html`<${Table} label="Deliveries" columns=${DELIVERY_COLUMNS} rows=${data.deliveries} current=${query.delivery}
        total=${Math.min(data.total, MOST)} onEnd=${() => setLimit(MOST)}
        onOpen=${(/** @type {any} */ { id }) => open(id)} />` : html`<div></div>`}
      ${query.delivery && html`<${Pane} title="Delivery" onClose=${() => open(undefined)}>
        <${Delivery} path="${path}/deliveries/${encodeURIComponent(query.delivery)}" onChange=${reload} />
      <//>`}
    </div>
    ${data?.total > MOST && html`<p class="muted">The newest ${MOST} are shown.</p>`}`;
}

/** @param {{path: string, onChange: () => void}} props */
function Delivery({ path, onChange }) {
  const { data: one, error, reload } = useGet(path, {}, { everyMs: SHOWN_MS });
  const { failure, act } = useAct();
  if (error) return html`<${Failure} error=${error} onRetry=${reload} />`;
  if (one === undefined) return html`<${Loading} />`;
  const redrive = () => act(async () => {
    await send('POST', `${path}/redrive`, {}).finally(() => (reload(), onChange()));
  });
  const possible = one.status !== 'delivered' && may('orchestrator:write') && !readOnly.value;
  return html`<${Failure} error=${failure} />
    ${possible && html`<div class="actions"><button type="button" onClick=${redrive}>
      ${one.status === 'dead' ? 'Redrive' : 'Send it now'}</button></div>`}
    <${Fields} rows=${[
      ['Id', html`<code>${one.id}</code>`],
      ['Status', html`<${Status} value=${one.status} />`],
      ['Event', one.event],
      ['Caused by', html`<${Ref} kind="run" id=${one.runId} /> ${one.stepId}`],
      ['Streams', html`<a href=${streamHref('delivery', one.id)}>of the delivery</a>, <a href=${href(`/streams/run/${one.runId}`)}>of the run</a>`],
      ['Requested', html`<${Time} at=${one.createdAt} milliseconds />`],
      one.dueAt && ['Next attempt', html`<${Time} at=${one.dueAt} />`],
    ]} />
    <h3>Attempts</h3>
    ${one.history.length === 0 && html`<p class="muted">None yet.</p>`}
    <ol class="delivery-attempts">${one.history.map((/** @type {any} */ item, /** @type {number} */ at) => html`<${Attempt} key=${at} item=${item} />`)}</ol>`;
}

/** @param {{item: any}} props */
function Attempt({ item: { outcome, at, attempt, status, error, nextAt, by } }) {
  return html`<li><${Status} value=${outcome} /> ${attempt && `attempt ${attempt}`}${by && `by ${by}`}
    ${' '}<${Time} at=${at} milliseconds />
    ${status && html`<div>The receiver answered ${status}.</div>`}${error && html`<div class="mono">${error}</div>`}
    ${nextAt && html`<div class="muted">Next attempt <${Time} at=${nextAt} /></div>`}</li>`;
}
