/** Evidence that the log is unchanged since it was signed, and the actions of each actor. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { setQuery, values } from '../../core/router.js';
import { may } from '../../core/session.js';
import { formatDuration, Time } from '../../core/time.js';
import { Action, whyNow } from '../../components/actions.js';
import { CopyButton, CopyLines, download } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { useAct } from '../../components/forms.js';
import { List, usePages } from '../../components/list.js';
import { Empty, Failure, Loaded, Notice } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { statusColumn, Table, timeColumn } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { Ref } from '../streams/events.js';

const TABS = [
  { id: 'actions', label: 'Who did what' }, { id: 'heads', label: 'Tree heads' },
  { id: 'verifications', label: 'Verifications' }, { id: 'proof', label: 'Proof of a run' },
];
/** The tabs that only administrators have. */
const OF_ADMINS = ['actions', 'verifications'];

/** @param {{query: any}} props */
export function AuditPage({ query }) {
  const tabs = TABS.filter(({ id }) => may('orchestrator:admin') || !OF_ADMINS.includes(id));
  const current = tabs.some(({ id }) => id === query.tab) ? query.tab : tabs[0].id;
  return html`
    <div class="page-head"><h1>Audit</h1></div>
    <${Scope} />
    <${Tabs} label="Audit" tabs=${tabs} current=${current} onPick=${(/** @type {string} */ tab) => setQuery({ tab })} />
    ${current === 'actions' && html`<${Actions} query=${query} />`}
    ${current === 'heads' && html`<${Heads} />`}
    ${current === 'verifications' && html`<${Verifications} />`}
    ${current === 'proof' && html`<${Proof} query=${query} />`}`;
}

AuditPage.title = () => 'Audit';

/** A note on the scope and the limits of the evidence. */
function Scope() {
  return html`<${Notice}>Every event has a leaf in a Merkle tree, whose heads Baton signs about once a second. That
    proves that the log is unchanged: a changed, added, removed or moved event is found. It doesn’t prove that the
    recorded facts and times are true. A holder of the key can sign a rewritten log, and the newest events can be cut
    off, unless another person keeps a head: so keep heads on another machine.<//>`;
}

const PAGE = 200;
/** Actions that filters offer; the server knows them all by their events. */
const ACTIONS = [
  'access.AccessRefused', 'access.ExportMade', 'access.LetterRedriven', 'access.SignedIn', 'access.SignedOut',
  'access.ViewsChanged', 'access.WebhookTested', 'api_key.ApiKeyCreated', 'api_key.ApiKeyRevoked',
  'bulk.BulkRequested', 'bulk.BulkRetried', 'bulk.BulkStopRequested', 'definition.DefinitionCreated',
  'definition.DefinitionDeleted', 'definition.DefinitionUpdated', 'delivery.DeliveryRedriven', 'run.RunCancelled',
  'run.RunPaused', 'run.RunReopened', 'run.RunRequested', 'run.RunResumed', 'schedule.ScheduleCreated',
  'schedule.ScheduleDeleted', 'user.UserAdded', 'user.UserRemoved', 'verification.VerificationRequested',
  'webhook.SecretRotated', 'webhook.WebhookCreated', 'webhook.WebhookDeleted', 'webhook.WebhookUpdated',
];
const FILTERS = [
  { name: 'subject', label: 'Subject', kind: 'text', placeholder: 'exact name' },
  { name: 'action', label: 'Action', kind: 'choices', options: ACTIONS },
  { name: 'from', label: 'From', kind: 'time' }, { name: 'to', label: 'Before', kind: 'time' },
];
const COLUMNS = [
  timeColumn('at', 'Time', 'when'),
  { key: 'subject', title: 'Subject', width: 'minmax(130px, 1fr)', at: 'more', render: subject },
  { key: 'action', title: 'Action', width: 'minmax(190px, 1fr)', at: 'name' },
  { key: 'id', title: 'Of', width: 'minmax(250px, 1fr)', at: 'about', render: (/** @type {any} */ { kind, id }) => html`${kind} <${Ref} kind=${kind} id=${id} />` },
  { key: 'more', title: 'Details', width: 'minmax(160px, 2fr)', render: details },
  { key: 'position', title: 'Position', width: '90px', numeric: true },
];

/**
 * The actions of users and keys: the events that name their actor, the newest first.
 *
 * @param {{query: any}} props
 */
function Actions({ query }) {
  const { subject: by, from, to } = query;
  const asked = { subject: by, action: values(query, 'action'), from, to, limit: PAGE };
  const actions = usePages('/audit/log', asked, 'actions', { everyMs: RESTING_MS, rowKey: actionKey });
  return html`<${FilterBar} filters=${FILTERS} />
    <${List} of=${actions} label="Actions" columns=${COLUMNS}
      empty=${html`<${Empty} title="No action matches"><p>Remove a filter to see more.</p><//>`} />`;
}

const actionKey = (/** @type {any} */ { position, action }) => `${position} ${action}`;

/** @param {any} action */
function subject({ subject: name, method, keyId, claimed }) {
  if (!name) return html`<span class="muted">${claimed ? `claimed to be ${claimed}` : 'unknown'}</span>`;
  return html`<span title=${keyId && `API key ${keyId}`}>${name} <span class="muted">${method}</span></span>`;
}

/** @param {any} action */
function details({ reason, route, count, address, userAgent }) {
  const parts = [reason, route, count > 1 && `${count} times`, address && `from ${address}`, userAgent];
  return html`<span class="muted">${parts.filter(Boolean).join(', ')}</span>`;
}

const EVERY_MS = 3000;
/** The list shows the heads over the newest events. */
const BACK = 20_000;
const HEAD_COLUMNS = [
  { key: 'size', title: 'Leaves', width: '100px', at: 'name', numeric: true },
  { key: 'position', title: 'Position', width: '100px', numeric: true },
  timeColumn('time', 'Newest event', 'when'),
  { key: 'root', title: 'Root', width: 'minmax(260px, 3fr)', at: 'about', render: (/** @type {any} */ { root }) => html`<code>${root}</code>` },
  { key: 'note', title: 'Copy', width: '60px', at: 'more', render: (/** @type {any} */ { note }) => html`<${CopyButton} text=${note} label="head" />` },
];

/** The newest head and the ones that are kept. */
function Heads() {
  const newest = useGet('/audit/tree-heads', { limit: 1 }, { everyMs: EVERY_MS });
  const head = newest.data?.newest;
  const size = head ? Math.floor(head.size / 1000) * 1000 : null;
  const path = size === null ? null : '/audit/tree-heads';
  const listed = useGet(path, { after: Math.max(0, (size ?? 0) - BACK), limit: 500 });
  const rows = [...(listed.data?.heads ?? [])].reverse();
  return html`<${Loaded} of=${newest}>${() => (head ? html`<${NewestHead} head=${head} />
    <h2>Kept heads</h2>
    ${rows.length > 0 && html`<${Table} label="Tree heads" columns=${HEAD_COLUMNS} rows=${rows} rowKey="size" />`}`
    : html`<${Empty} title="The log isn’t sealed yet"><p>A server without an audit key seals nothing:
        <code>baton audit key --create</code> makes one, and the projector gets it by <code>BATON_AUDIT_KEY</code>.</p><//>`)}<//>`;
}

/** @param {{head: any}} props */
function NewestHead({ head }) {
  return html`<h2>The newest head</h2>
    <${Fields} rows=${[
      ['Leaves', formatCount(head.size)], ['Position', String(head.position)],
      ['Newest event', html`<${Time} at=${head.time} />`], ['Root', html`<code>${head.root}</code>`],
    ]} />
    <div class="actions"><${CopyButton} text=${head.note} label="signed head">Copy the signed head<//>
      <button type="button" onClick=${() => download(head.note, `head-${head.size}.txt`, 'text/plain')}>Download it</button></div>
    <p>Keep it on another machine. Later, these commands check that the log still begins with it:</p>
    <${CopyLines} label="command" text=${`baton audit verify --since head-${head.size}.txt`} />`;
}

const PROOF_FILTERS = [{ name: 'run', label: 'Run', kind: 'text', placeholder: 'id of a run' }];

/**
 * The proof that a run's history stands in the log, to download and to check elsewhere.
 *
 * @param {{query: any}} props
 */
function Proof({ query: { run } }) {
  const answer = useGet(run ? '/audit/proof' : null, { run });
  return html`<${FilterBar} filters=${PROOF_FILTERS} />
    ${run ? html`<${Loaded} of=${answer}>${(/** @type {any} */ proof) => html`<${ProofOf} run=${run} proof=${proof} />`}<//>`
      : html`<${Empty} title="No run is chosen"><p>Enter the id of a run. Its proof shows, to those who have the verifier
          key, that its events stand in the log unchanged.</p><//>`}
    <h2>Check it elsewhere</h2>
    <p>At the operator’s, and then on any machine, without Baton’s store, configuration or network:</p>
    <${CopyLines} label="commands" text=${[
      `baton export --run ${run ?? 'ID'} -o events.ndjson --proof events.proof`,
      'baton audit key          # shows the verifier key, KEY',
      'baton audit verify --export events.ndjson --proof events.proof --key KEY',
    ].join('\n')} />
    <p class="muted">The downloaded proof takes the place of <code>events.proof</code>.</p>`;
}

/** @param {{run: string, proof: any}} props */
function ProofOf({ run, proof }) {
  return html`<${Fields} rows=${[
      ['Run', html`<${Ref} kind="run" id=${run} />`], ['Last event', `version ${proof.version} at position ${proof.position}`],
      ['Leaf', html`<code>${proof.leaf}</code>`], ['Audit path', `${proof.path.length} hashes`],
    ]} />
    <div class="actions"><button type="button" class="primary"
      onClick=${() => download(JSON.stringify(proof), `${run}.proof`)}>Download the proof</button></div>
    <details><summary>The signed head that it leads to</summary><pre tabindex="0">${proof.head}</pre></details>`;
}

const RUNNING_MS = 700;
const RESTING_MS = 10_000;
const VERIFICATION_COLUMNS = [
  statusColumn('status', 'Result'),
  timeColumn('requestedAt', 'Requested', 'when'),
  { key: 'requestedBy', title: 'By', width: 'minmax(110px, 1fr)', at: 'name' },
  { key: 'took', title: 'Took', width: '90px', at: 'more', render: took },
  { key: 'events', title: 'Events', width: '110px', numeric: true, render: (/** @type {any} */ { finding }) => finding && formatCount(finding.events) },
  { key: 'broken', title: 'First break', width: 'minmax(160px, 3fr)', at: 'about', render: (/** @type {any} */ { finding, failure }) => finding?.firstBreak?.reason ?? failure },
];

/** The verifications and the button that starts one. */
function Verifications() {
  const [everyMs, setEveryMs] = useState(RESTING_MS);
  const { failure, act } = useAct();
  const answer = useGet('/audit/verifications', {}, { everyMs });
  const { reload } = answer;
  const list = answer.data?.verifications ?? [];
  const running = list.find((/** @type {any} */ { status }) => status === 'running');
  const wanted = running ? RUNNING_MS : RESTING_MS;
  if (wanted !== everyMs) setEveryMs(wanted);
  const start = () => act(() => send('POST', '/audit/verifications', {}).finally(reload));
  return html`
    <div class="actions"><${Action} primary label="Verify the log" onAct=${start}
      why=${whyNow(running && 'One is running; wait for its end.')} />
      <span class="muted">Checks every event of all tenants against its leaf, in a process of its own.</span></div>
    <${Failure} error=${failure} />
    ${running && html`<${Running} progress=${running.progress} />`}
    <${Loaded} of=${answer}>${() => (list.length === 0
      ? html`<${Empty} title="No verification was requested lately"><p>“Verify the log” starts
          one; its result stays in the log.</p><//>`
      : html`<${Latest} verification=${list.find((/** @type {any} */ { finding }) => finding)} />
          <h2>All verifications</h2><${Table} label="Verifications" columns=${VERIFICATION_COLUMNS} rows=${list} />`)}<//>
    <h2>In a terminal</h2>
    <p>The same, on a machine with access to the store, and against a head that was kept elsewhere:</p>
    <${CopyLines} label="commands" text=${['baton audit verify', 'baton audit verify --since heads --jobs 4'].join('\n')} />`;
}

/** @param {{progress: {position: number, last: number} | undefined}} props */
function Running({ progress }) {
  const { position = 0, last = 0 } = progress ?? {};
  return html`<p class="progress"><${Status} value="running" />
    <progress max=${last || undefined} value=${last ? position : undefined} aria-label="Progress of the verification"></progress>
    ${last > 0 && html`<span>position ${formatCount(position)} of ${formatCount(last)}</span>`}</p>`;
}

/** @param {{verification: any}} props */
function Latest({ verification }) {
  if (verification === undefined) return null;
  const { finding, endedAt } = verification;
  const { firstBreak } = finding;
  return html`<h2>The last result</h2>
    ${firstBreak ? html`<${Notice} kind="error" title="The log was changed after it was signed: ${firstBreak.reason}">
        ${firstBreak.stream ? `${firstBreak.stream} version ${firstBreak.version} at ${firstBreak.position}` : firstBreak.position && `at position ${firstBreak.position}`}.
        Restore the database from a copy, and compare.<//>`
      : html`<p><${Status} value="verified" /> The log is unchanged since it was signed, up to position ${finding.position}.</p>`}
    <${Fields} rows=${[
      ['Ended', html`<${Time} at=${endedAt} />`], ['Took', took(verification)],
      ['Events', formatCount(finding.events)], ['Streams', formatCount(finding.streams)],
      ['Covered', `${formatCount(finding.sealed)} events by ${formatCount(finding.heads)} heads`],
      ['Signed by', finding.signedBy.length > 0 ? finding.signedBy.map((/** @type {string} */ key) => html`<code key=${key}>${key}</code>`)
        : 'no key is known here, so signatures weren’t checked'],
    ]} />`;
}

/** @param {any} verification */
function took({ requestedAt, endedAt }) {
  return endedAt ? formatDuration(Date.parse(endedAt) - Date.parse(requestedAt)) : '';
}
