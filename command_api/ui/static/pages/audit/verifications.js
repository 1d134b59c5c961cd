/** Verifications of the whole log: starts one, shows how far it is, and what the earlier ones found. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { readOnly } from '../../core/router.js';
import { formatDuration, Time } from '../../core/time.js';
import { PAST } from '../../components/actions.js';
import { CopyLines } from '../../components/copy.js';
import { Empty, Failure, Loading, Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';

const RUNNING_MS = 700;
const RESTING_MS = 10_000;
const COLUMNS = [
  { key: 'status', title: 'Result', width: '120px', render: (/** @type {any} */ { status }) => html`<${Status} value=${status} />` },
  { key: 'requestedAt', title: 'Requested', width: 'minmax(250px, 1fr)', render: (/** @type {any} */ one) => html`<${Time} at=${one.requestedAt} />` },
  { key: 'requestedBy', title: 'By', width: 'minmax(110px, 1fr)' },
  { key: 'took', title: 'Took', width: '90px', render: took },
  { key: 'events', title: 'Events', width: '110px', numeric: true, render: (/** @type {any} */ { finding }) => finding && formatCount(finding.events) },
  { key: 'broken', title: 'First break', width: 'minmax(160px, 3fr)', render: (/** @type {any} */ { finding, failure }) => finding?.firstBreak?.reason ?? failure },
];

/** The verifications and the button that starts one. */
export function Verifications() {
  const [everyMs, setEveryMs] = useState(RESTING_MS);
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const { data, error, reload } = useGet('/audit/verifications', {}, { everyMs });
  const list = data?.verifications ?? [];
  const running = list.find((/** @type {any} */ { status }) => status === 'running');
  const wanted = running ? RUNNING_MS : RESTING_MS;
  if (wanted !== everyMs) setEveryMs(wanted);
  const start = async () => {
    setFailure(null);
    await send('POST', '/audit/verifications', {}).catch(setFailure);
    reload();
  };
  return html`
    <div class="actions"><button type="button" class="primary" disabled=${running !== undefined || readOnly.value}
      title=${running ? 'One is running; wait for its end.' : readOnly.value ? PAST : undefined} onClick=${start}>Verify the log</button>
      <span class="muted">Checks every event of all tenants against its leaf, in a process of its own.</span></div>
    ${failure && html`<${Failure} error=${failure} />`}
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${!data && !error && html`<${Loading} />`}
    ${running && html`<${Running} progress=${running.progress} />`}
    ${data && list.length === 0 && html`<${Empty} title="No verification was requested lately"><p>“Verify the log” starts
      one; its result stays in the log.</p><//>`}
    ${list.length > 0 && html`<${Latest} one=${list.find((/** @type {any} */ { finding }) => finding)} />
      <h2>All verifications</h2><${Table} label="Verifications" columns=${COLUMNS} rows=${list} />`}
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

/** @param {{one: any}} props */
function Latest({ one }) {
  if (one === undefined) return null;
  const { finding } = one;
  const found = finding.firstBreak;
  return html`<h2>The last result</h2>
    ${found ? html`<${Notice} kind="error" title="The log isn’t what was signed: ${found.reason}">
        ${found.stream ? `${found.stream} version ${found.version} at ${found.position}` : found.position && `at position ${found.position}`}.
        Restore the database from a copy, and compare.<//>`
      : html`<p><${Status} value="verified" /> The log is what was signed, up to position ${finding.position}.</p>`}
    <${Fields} rows=${[
      ['Ended', html`<${Time} at=${one.endedAt} />`], ['Took', took(one)],
      ['Events', formatCount(finding.events)], ['Streams', formatCount(finding.streams)],
      ['Covered', `${formatCount(finding.sealed)} events by ${formatCount(finding.heads)} heads`],
      ['Signed by', finding.signedBy.length > 0 ? finding.signedBy.map((/** @type {string} */ key) => html`<code key=${key}>${key}</code>`)
        : 'no key is known here, so signatures weren’t checked'],
    ]} />`;
}

/** @param {any} one */
function took({ requestedAt, endedAt }) {
  return endedAt ? formatDuration(Date.parse(endedAt) - Date.parse(requestedAt)) : '';
}
