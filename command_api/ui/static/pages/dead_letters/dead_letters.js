/** Messages of the records topic that could not be read, and one of them with its bytes and its redrive. */
import { html, useMemo, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { Action } from '../../components/actions.js';
import { CopyButton, download } from '../../components/copy.js';
import { FormDialog, useAct } from '../../components/forms.js';
import { List, usePages } from '../../components/list.js';
import { Empty, Failure, Loaded, Notice } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { timeColumn } from '../../components/table.js';
import { Fields, formatCount } from '../../components/values.js';
import { Ref } from '../streams/events.js';

/** @typedef {{at: string, reason: string, source: string, redrivenAt?: string}} Letter */

const PAGE = 100;
const EVERY_MS = 5_000;
const COLUMNS = [
  timeColumn('at', 'Time', 'when'),
  { key: 'reason', title: 'Reason', width: 'minmax(220px, 3fr)', at: 'name', render: reasonCell },
  { key: 'source', title: 'Place', width: 'minmax(160px, 1fr)', at: 'about', render: (/** @type {Letter} */ { source }) => html`<code>${source}</code>` },
  { key: 'bytes', title: 'Bytes', width: '80px', numeric: true },
  timeColumn('redrivenAt', 'Redriven', 'more'),
];

/** @param {any} letter */
function reasonCell({ id, reason }) {
  return html`<a href=${href(`/dead-letters/${encodeURIComponent(id)}`)} title=${reason}>${reason}</a>`;
}

/** The list, for administrators. */
export function DeadLettersPage() {
  if (may('orchestrator:admin')) return html`<${DeadLetters} />`;
  return html`<h1>Dead letters</h1><${Notice} title="Dead letters need the scope orchestrator:admin." />`;
}

DeadLettersPage.title = () => 'Dead letters';

function DeadLetters() {
  const letters = usePages('/dead-letters', { limit: PAGE }, 'letters', { everyMs: EVERY_MS });
  return html`
    <div class="page-head"><h1>Dead letters</h1>
      <span class="muted">Messages that could not be read, the newest first</span></div>
    <${List} of=${letters} label="Dead letters" columns=${COLUMNS} links empty=${html`<${Empty} title="There is no dead letter">
        <p>Every message so far could be read. A message of the records topic that isn’t a valid event becomes a dead letter. It blocks no other message.</p><//>`} />`;
}

/**
 * One dead letter: why it could not be read, its bytes, and what sending it again would do.
 *
 * @param {{params: Record<string, string>}} props
 */
export function DeadLetterPage({ params: { id } }) {
  const path = `/dead-letters/${encodeURIComponent(id)}`;
  const answer = useGet(path);
  return html`<${Loaded} of=${answer} title="Dead letter ${id}">${(/** @type {any} */ letter) => html`
    <div class="page-head"><h1>Dead letter <span class="mono">${id}</span></h1> <${CopyButton} text=${id} label="id" />
      <div class="actions" data-actions><${Redrive} path=${path} onDone=${answer.reload} /></div></div>
    <${Notice} kind="error" title=${letter.reason} />
    <${Fields} rows=${[
      ['Time', html`<${Time} at=${letter.at} milliseconds />`],
      ['Place', html`<code>${letter.source}</code> <${CopyButton} text=${letter.source} label="place" />`],
      ['Redriven', html`<${Time} at=${letter.redrivenAt} />`],
      ['Size', `${formatCount(letter.bytes)} bytes`],
    ]} />
    ${letter.hidden ? html`<${Notice} title="The content is hidden.">The message names no tenant, so only the
      operator’s tenant may see it.<//>` : html`<${Content} letter=${letter} />`}`}<//>`;
}

/** @param {{params: Record<string, string>}} given */
DeadLetterPage.title = ({ params }) => `Dead letter ${params.id}`;

/** @param {{letter: any}} props */
function Content({ letter }) {
  const key = bytesOf(letter.key, letter.keyBase64);
  const value = bytesOf(letter.value, letter.valueBase64);
  const headers = letter.headers.map((/** @type {any} */ header) => [header.name, html`<code>${header.value ?? `base64 ${header.valueBase64}`}</code>`]);
  return html`
    ${headers.length > 0 && html`<h2>Headers</h2><${Fields} rows=${headers} />`}
    ${key && html`<h2>Key</h2><${RawBytes} bytes=${key} name="${letter.id}-key" isText=${letter.key !== undefined} />`}
    <h2>Message</h2>
    ${value ? html`<${RawBytes} bytes=${value} name=${letter.id} isText=${letter.value !== undefined} />`
      : html`<p class="muted">The message has no value.</p>`}`;
}

/**
 * Sends a message to its topic again, after showing what reading it now would give.
 *
 * @param {{path: string, onDone: () => void}} props `path` is that of the letter.
 */
function Redrive({ path, onDone }) {
  const [preview, setPreview] = useState(/** @type {any} */ (null));
  const { busy, failure, act } = useAct();
  if (!may('orchestrator:admin')) return null;
  const ask = async (/** @type {boolean} */ dryRun) => (
    await send('POST', `${path}/redrive?dryRun=${dryRun}`)
  ).data;
  const close = () => setPreview(null);
  const redrive = async () => {
    await ask(false);
    close();
    onDone();
  };
  return html`<${Action} label="Redrive…" busy=${busy} onAct=${() => act(async () => setPreview(await ask(true)))} />
    <${Failure} error=${failure} />
    ${preview && html`<${FormDialog} title="Redrive the message" label="Send it again" onClose=${close} onAct=${redrive}>
      <${Preview} preview=${preview} />
    <//>`}`;
}

/** @param {{preview: any}} props */
function Preview({ preview }) {
  if (!preview.readable) {
    return html`<${Notice} kind="warning" title="The message still can’t be read: ${preview.reason}">
      Sent again, it becomes another dead letter. Its sender has to send a corrected one.<//>`;
  }
  return html`<p>The message goes to the topic <code>${preview.topic}</code> again. Now it can be read:</p>
    <ul>${preview.events.map((/** @type {any} */ event) => html`<li key=${event.id}>${event.type} of ${event.structure}
      ${' '}${event.recordId}: <${Effect} event=${event} /></li>`)}</ul>
    ${preview.events.length === 0 && html`<p class="muted">Its events are hidden, because it names no tenant.</p>`}`;
}

/** @param {{event: any}} props What a record event would do. */
function Effect({ event: { id, known, starts } }) {
  if (known) return html`it is recorded already as <${Ref} kind="record" id=${id} />, so it starts nothing`;
  return starts.length > 0 ? `it starts ${starts.join(', ')}` : 'no definition waits for it';
}

const LINE = 16;
/** Bytes that are shown; the file has all of them. */
const SHOWN = 32_768;
const VIEWS = [{ id: 'text', label: 'Text' }, { id: 'hex', label: 'Hex' }];

/**
 * Return the bytes of a text or of its base64, null if there is neither.
 *
 * @param {string | undefined} text
 * @param {string | undefined} base64
 */
function bytesOf(text, base64) {
  if (text !== undefined) return new TextEncoder().encode(text);
  if (base64 === undefined) return null;
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/**
 * Return bytes as lines of an offset, 16 numbers and their printable characters.
 *
 * @param {Uint8Array} bytes
 */
function hexLines(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += LINE) {
    const part = [...bytes.subarray(at, at + LINE)];
    const numbers = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${numbers.padEnd(3 * LINE - 1)}  ${text}`);
  }
  return lines.join('\n');
}

/**
 * Bytes as text and as a table of hexadecimal numbers, to copy and to download.
 *
 * @param {{bytes: Uint8Array<ArrayBuffer>, name: string, isText: boolean}} props
 */
function RawBytes({ bytes, name, isText }) {
  const [view, setView] = useState(isText ? 'text' : 'hex');
  const draw = (/** @type {Uint8Array} */ part) => (view === 'hex' ? hexLines(part) : new TextDecoder().decode(part));
  const text = useMemo(() => draw(bytes.subarray(0, SHOWN)), [bytes, view]);
  return html`<${Tabs} label="View" current=${view} onPick=${setView} tabs=${VIEWS} />
    <div class="actions">
      <${CopyButton} text=${() => draw(bytes)} label="message">Copy<//>
      <button type="button" onClick=${() => download(bytes, `${name}.bin`, 'application/octet-stream')}>Download</button>
    </div>
    ${!isText && view === 'text' && html`<p class="muted">The bytes aren’t UTF-8: what can’t be read is shown as �.</p>`}
    <pre tabindex="0" class=${view === 'text' ? 'stack' : undefined}>${text}</pre>
    ${bytes.length > SHOWN && html`<p class="muted">The first ${formatCount(SHOWN)} of
      ${' '}${formatCount(bytes.length)} bytes; the download has all of them.</p>`}`;
}
