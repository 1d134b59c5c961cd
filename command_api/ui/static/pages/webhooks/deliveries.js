/** The deliveries of a webhook, and one of them with its attempts. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { href, readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Empty, Failure, Loading } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { Ref, streamHref } from '../streams/links.js';

const PAGE = 200;
const MOST = 500;
const EVERY_MS = 3000;
/** The time between two looks at the delivery that is shown. */
const SHOWN_MS = 1000;
const FILTERS = [{ name: 'status', label: 'Status', kind: 'choice', options: ['pending', 'delivered', 'dead'] }];
const COLUMNS = [
  { key: 'status', title: 'Status', width: '120px', render: (/** @type {any} */ { status }) => html`<${Status} value=${status} />` },
  { key: 'event', title: 'Event', width: 'minmax(230px, 1fr)' },
  { key: 'runId', title: 'Run', width: 'minmax(190px, 1fr)', render: (/** @type {any} */ { runId, stepId }) => html`<${Ref} kind="run" id=${runId} /> ${stepId}` },
  { key: 'attempts', title: 'Attempts', width: '80px', numeric: true },
  { key: 'lastError', title: 'Outcome', width: 'minmax(140px, 2fr)', render: (/** @type {any} */ { lastError, lastStatus }) => lastError ?? lastStatus },
  { key: 'dueAt', title: 'Next attempt', width: 'minmax(230px, 1fr)', render: (/** @type {any} */ { dueAt }) => html`<${Time} at=${dueAt} />` },
  { key: 'createdAt', title: 'Requested', width: 'minmax(230px, 1fr)', render: (/** @type {any} */ { createdAt }) => html`<${Time} at=${createdAt} />` },
];

/** @param {{path: string, query: any}} props `path` is that of the webhook. */
export function Deliveries({ path, query }) {
  const [limit, setLimit] = useState(PAGE);
  const { data, error, reload } = useGet(`${path}/deliveries`, { status: query.status, limit }, { everyMs: EVERY_MS });
  const open = (/** @type {string | undefined} */ id) => setQuery({ delivery: id });
  return html`<h2>Deliveries ${data && html`<span class="count">${formatCount(data.total)}</span>`}</h2>
    <${FilterBar} filters=${FILTERS} />
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${!data && !error && html`<${Loading} />`}
    ${data?.total === 0 && html`<${Empty} title=${query.status ? `No delivery is ${query.status}` : 'There is no delivery yet'}><p>
      A delivery is made for each event of a run that the webhook wants, from its registration on. “Send a test” posts
      a message at once.</p><//>`}
    <div class="split">
      ${data?.total > 0 ? html`<${Table} label="Deliveries" columns=${COLUMNS} rows=${data.deliveries} current=${query.delivery}
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
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  if (error) return html`<${Failure} error=${error} onRetry=${reload} />`;
  if (one === undefined) return html`<${Loading} />`;
  const redrive = async () => {
    setFailure(null);
    await send('POST', `${path}/redrive`, {}).catch(setFailure);
    reload();
    onChange();
  };
  const possible = one.status !== 'delivered' && may('orchestrator:write') && !readOnly.value;
  return html`${failure && html`<${Failure} error=${failure} />`}
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
