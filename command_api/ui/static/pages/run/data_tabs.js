/** The tabs with a run’s data, with its explanation, and with its audit. */
import { html } from '../../vendor/preact.js';
import { get } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { asOf, href, readOnly } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { cliLine, CopyButton, download } from '../../components/copy.js';
import { useAct } from '../../components/forms.js';
import { JsonTree } from '../../components/json_tree.js';
import { Loaded, Notice } from '../../components/notice.js';
import { statusColumn, Table } from '../../components/table.js';
import { formatCount } from '../../components/values.js';
import { eventTime } from './rows.js';

/**
 * The data of a run: its input, its context and its output.
 *
 * @param {{run: any}} props
 */
export function DataTab({ run }) {
  const path = `/runs/${encodeURIComponent(run.id)}`;
  const query = { fields: 'input,context,output' };
  const parts = useGet(path, query, { topics: [`run:${run.id}`] });
  return html`<${Loaded} of=${parts}>${(/** @type {any} */ data) => html`<div class="run-data">
    <section><h2>Input</h2><${JsonTree} value=${data.input ?? null} label="input" /></section>
    <section><h2>Context</h2><${JsonTree} value=${data.context} label="context" /></section>
    <section><h2>Output</h2>${'output' in data
      ? html`<${JsonTree} value=${data.output} label="output" />`
      : html`<p class="muted">The run has no output until it has completed.</p>`}</section>
  </div>`}<//>`;
}

/** Events that are shown; the command line shows all. */
const LIMIT = 1_000;

/**
 * The audited events of a run: their actors and leaves, and the proof that the history is
 * unchanged.
 *
 * @param {{run: any}} props
 */
export function AuditTab({ run }) {
  const path = `/audit/runs/${encodeURIComponent(run.id)}`;
  const audited = useGet(path, { limit: LIMIT, at: asOf.value }, { topics: [`run:${run.id}`] });
  return html`<${Loaded} of=${audited}>${(/** @type {any} */ { events, next, state, sealedUpTo }) => html`
    <div class="tools">
      <${Sealed} last=${events.at(-1)?.position} upTo=${sealedUpTo} />
      <${ProofButton} runId=${run.id} />
      <${CopyButton} text=${cliLine('audit', 'run', run.id)} label="command line">CLI<//>
    </div>
    ${next !== undefined && html`<${Notice}>The first ${formatCount(LIMIT)} events are shown.
      <code>baton audit run ${run.id}</code> shows all.<//>`}
    <${Table} label="Audited events" columns=${COLUMNS} rows=${events} rowKey="position" />
    <${Deliveries} runId=${run.id} />
    <h2>The state to which the events lead</h2>
    <${JsonTree} value=${state} label="state" />`}<//>`;
}

/** @param {{last: number | undefined, upTo: number}} props Positions: of the last event, and of the last leaf under a head. */
function Sealed({ last, upTo }) {
  if (last === undefined || last > upTo) {
    return html`<span class="muted">A signed head covers the log up to position ${upTo}, not yet all of these events.</span>`;
  }
  return html`<span class="tone-good">✓ A signed head covers these events (up to position ${upTo}).</span>`;
}

const COLUMNS = [
  { key: 'position', title: 'Position', width: '84px', numeric: true },
  { key: 'at', title: 'Time', width: '204px', at: 'when', render: eventTime },
  { key: 'actor', title: 'Actor', width: 'minmax(80px, 1fr)', at: 'more', render: (/** @type {any} */ { actor }) => actor ?? html`<span class="muted">the engine</span>` },
  { key: 'type', title: 'Event', width: '136px', at: 'name' },
  { key: 'about', title: 'About', width: 'minmax(120px, 3fr)', at: 'about' },
  { key: 'leaf', title: 'Leaf', width: '124px', render: leafCell },
];

/** @param {any} event */
function leafCell({ leaf }) {
  return html`<code title=${leaf}>${leaf.slice(0, 8)}…</code> <${CopyButton} text=${leaf} label="leaf" />`;
}

/** @param {{runId: string}} props */
function ProofButton({ runId }) {
  const { failure, act } = useAct();
  const prove = () => act(async () => {
    const { data } = await get('/audit/proof', { run: runId });
    download(JSON.stringify(data, null, 2), `${runId}.proof.json`);
  });
  return html`<button type="button" onClick=${prove}>Download the proof</button>
    ${failure && html`<span class="tone-bad" role="alert">${failure.message}</span>`}`;
}

/** Deliveries that are shown; the pages of webhooks have all. */
const MOST_DELIVERIES = 50;

/**
 * The deliveries of webhooks about a run.
 *
 * @param {{runId: string}} props
 */
function Deliveries({ runId }) {
  const path = `/runs/${encodeURIComponent(runId)}/deliveries`;
  const { data } = useGet(path, { limit: MOST_DELIVERIES }, { topics: [`run:${runId}`] });
  if (data === undefined || data.total === 0) return null;
  return html`<h2>Deliveries of webhooks</h2>
    <${Table} label="Deliveries of webhooks" columns=${DELIVERY_COLUMNS} rows=${data.deliveries} />
    ${data.total > MOST_DELIVERIES && html`<p class="muted">The newest ${MOST_DELIVERIES} of ${formatCount(data.total)}.</p>`}`;
}

const DELIVERY_COLUMNS = [
  { key: 'event', title: 'Event', width: 'minmax(140px, 2fr)', at: 'name' },
  { key: 'stepId', title: 'Step', width: 'minmax(80px, 1fr)' },
  statusColumn('status', 'Status'),
  { key: 'attempts', title: 'Attempts', width: '88px', at: 'when', numeric: true },
  { key: 'lastError', title: 'Last error', width: 'minmax(120px, 3fr)', at: 'about' },
  { key: 'webhookId', title: 'Webhook', width: '190px', at: 'more', render: webhookLink },
];

/** @param {any} delivery */
function webhookLink({ id, webhookId }) {
  const path = `/webhooks/${encodeURIComponent(webhookId)}`;
  return html`<a href=${href(path, { delivery: id })}><code>${webhookId}</code></a>`;
}

const EVERY_MS = 5_000;

/**
 * The reasons why a run is where it is, and the events that move it next.
 *
 * @param {{run: any}} props
 */
export function ExplainTab({ run }) {
  const path = `/runs/${encodeURIComponent(run.id)}/explain`;
  const explained = useGet(path, {}, { topics: [`run:${run.id}`], everyMs: EVERY_MS });
  return html`<${Loaded} of=${explained}>${(/** @type {any} */ data) => html`<${Explanation} of=${data} />`}<//>`;
}

/** @param {{of: any}} props */
function Explanation({ of: { because, next, stuck, suggestions } }) {
  return html`<div class="explain">
    ${stuck && html`<${Notice} kind="error" title="The run is stuck.">
      Nothing recorded can move it. This is a defect of Baton.<//>`}
    ${readOnly.value && html`<p class="muted">By the events up to this position. Whether an executor and a scheduler were
      running then isn’t recorded.</p>`}
    <h2>Because</h2>
    <ul aria-label="Reasons">${because.map((/** @type {any} */ reason) => html`<${Reason} key=${reasonKey(reason)} reason=${reason} />`)}</ul>
    <h2>Next</h2>
    ${next.length === 0 ? html`<p class="muted">Nothing moves the run by itself.</p>` : html`
      <ul>${next.map((/** @type {any} */ move) => html`<li key=${reasonKey(move)}><code>${move.event}</code>
        ${move.stepId ? ` of ${move.stepId}` : ''} ${move.dueAt && html`<${Time} at=${move.dueAt} />`}</li>`)}</ul>`}
    ${suggestions.length > 0 && html`<h2>You can</h2>
      <ul>${suggestions.map((/** @type {string} */ text) => html`<${Suggestion} key=${text} text=${text} />`)}</ul>`}
  </div>`;
}

/** @param {{text: string}} props Its commands stand between backticks. */
function Suggestion({ text }) {
  const parts = text.split('`');
  return html`<li>${parts.map((part, at) => (at % 2 ? html`<code>${part}</code> <${CopyButton} text=${part} label="command" />` : part))}</li>`;
}

/** @param {any} reason */
const reasonKey = ({ stepId, code, event, dueAt }) => [stepId, code, event, dueAt].join(' ');

/** @param {{reason: any}} props */
function Reason({ reason }) {
  const { stepId, code, since, dueAt } = reason;
  return html`<li>${stepId && html`<strong>${stepId}</strong>: `}${reasonText(reason)}
    <span class="muted"> ${code}${since && html`, since <${Time} at=${since} />`}${dueAt && html`, due <${Time} at=${dueAt} />`}</span></li>`;
}

/** @param {any} reason */
function reasonText({ text, attempt, of, executor, lastError }) {
  const parts = [
    text,
    attempt !== undefined && of !== undefined && `attempt ${attempt} of ${of}`,
    executor && `executor ${executor}`,
    lastError && `last error ${lastError.code}: ${lastError.message}`,
  ];
  return parts.filter(Boolean).join('; ');
}
