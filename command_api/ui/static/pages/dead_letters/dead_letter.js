/** One dead letter: why it could not be read, its bytes, and what sending it again would do. */
import { html, useMemo, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { CopyButton, download } from '../../components/copy.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons, Tabs } from '../../components/panes.js';
import { Fields, formatCount } from '../../components/values.js';
import { Ref } from '../streams/events.js';

/** @param {{params: Record<string, string>}} given */
export const title = ({ params }) => `Dead letter ${params.id}`;

/** @param {{params: Record<string, string>}} props */
export default function DeadLetterPage({ params: { id } }) {
  const path = `/dead-letters/${encodeURIComponent(id)}`;
  const { data: letter, error, reload } = useGet(path);
  if (error) return html`<h1>Dead letter</h1><${Failure} error=${error} onRetry=${reload} />`;
  if (letter === undefined) return html`<${Loading} />`;
  return html`
    <div class="page-head"><h1>Dead letter <span class="mono">${id}</span></h1> <${CopyButton} text=${id} label="id" />
      <div class="actions" data-actions><${Redrive} path=${path} onDone=${reload} /></div></div>
    <${Notice} kind="error" title=${letter.reason} />
    <${Fields} rows=${[
      ['Time', html`<${Time} at=${letter.at} milliseconds />`],
      ['Place', html`<code>${letter.source}</code> <${CopyButton} text=${letter.source} label="place" />`],
      ['Redriven', html`<${Time} at=${letter.redrivenAt} />`],
      ['Size', `${formatCount(letter.bytes)} bytes`],
    ]} />
    ${letter.hidden ? html`<${Notice} title="The content is hidden.">The message names no tenant, so only the
      operator’s tenant may see it.<//>` : html`<${Content} letter=${letter} />`}`;
}

/** @param {{letter: any}} props */
function Content({ letter }) {
  const key = bytesOf(letter.key, letter.keyBase64);
  const value = bytesOf(letter.value, letter.valueBase64);
  const headers = letter.headers.map((/** @type {any} */ one) => [one.name, html`<code>${one.value ?? `base64 ${one.valueBase64}`}</code>`]);
  return html`
    ${headers.length > 0 && html`<h2>Headers</h2><${Fields} rows=${headers} />`}
    ${key && html`<h2>Key</h2><${RawBytes} bytes=${key} name="${letter.id}-key" isText=${letter.key !== undefined} />`}
    <h2>Message</h2>
    ${value ? html`<${RawBytes} bytes=${value} name=${letter.id} isText=${letter.value !== undefined} />`
      : html`<p class="muted">The message has no value.</p>`}`;
}

/** @param {{path: string, onDone: () => void}} props `path` is that of the letter. */
function Redrive({ path, onDone }) {
  const [open, setOpen] = useState(false);
  const [preview, setPreview] = useState(/** @type {any} */ (null));
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  if (!may('orchestrator:admin')) return null;
  const ask = async (/** @type {boolean} */ dryRun) => {
    setOpen(true);
    setBusy(true);
    setFailure(null);
    try {
      const { data } = await send('POST', `${path}/redrive?dryRun=${dryRun}`);
      setPreview(data);
      if (!dryRun) {
        setOpen(false);
        onDone();
      }
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  return html`<button type="button" disabled=${busy} onClick=${() => ask(true)}>Redrive…</button>
    <${Dialog} title="Redrive the message" open=${open} onClose=${() => setOpen(false)}>
      ${failure && html`<${Failure} error=${failure} />`}
      ${preview !== null && html`<${Preview} preview=${preview} />`}
      <${DialogButtons} onClose=${() => setOpen(false)}>
        <button type="button" class="primary" disabled=${busy || preview === null} onClick=${() => ask(false)}>Send it again</button>
      <//>
    <//>`;
}

/** @param {{preview: any}} props */
function Preview({ preview }) {
  if (!preview.readable) {
    return html`<${Notice} kind="warning" title="The message still can’t be read: ${preview.reason}">
      Sent again, it becomes another dead letter. Its sender has to send a corrected one.<//>`;
  }
  return html`<p>The message goes to the topic <code>${preview.topic}</code> again. Now it can be read:</p>
    <ul>${preview.events.map((/** @type {any} */ one) => html`<li key=${one.id}>${one.type} of ${one.structure}
      ${' '}${one.recordId}: <${Effect} one=${one} /></li>`)}</ul>
    ${preview.events.length === 0 && html`<p class="muted">Its events are hidden, because it names no tenant.</p>`}`;
}

/** @param {{one: any}} props What a record event would do. */
function Effect({ one }) {
  if (one.known) return html`it is recorded already as <${Ref} kind="record" id=${one.id} />, so it starts nothing`;
  return one.starts.length > 0 ? `it starts ${one.starts.join(', ')}` : 'no definition waits for it';
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
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
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
    const numbers = part.map((one) => one.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((one) => (one > 31 && one < 127 ? String.fromCharCode(one) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${numbers.padEnd(3 * LINE - 1)}  ${text}`);
  }
  return lines.join('\n');
}

/** @param {{bytes: Uint8Array<ArrayBuffer>, name: string, isText: boolean}} props */
function RawBytes({ bytes, name, isText }) {
  const [view, setView] = useState(isText ? 'text' : 'hex');
  const draw = (/** @type {Uint8Array} */ part) => (view === 'hex' ? hexLines(part) : new TextDecoder().decode(part));
  const shown = useMemo(() => draw(bytes.subarray(0, SHOWN)), [bytes, view]);
  return html`<${Tabs} label="View" current=${view} onPick=${setView} tabs=${VIEWS} />
    <div class="actions">
      <${CopyButton} text=${() => draw(bytes)} label="message">Copy<//>
      <button type="button" onClick=${() => download(bytes, `${name}.bin`, 'application/octet-stream')}>Download</button>
    </div>
    ${!isText && view === 'text' && html`<p class="muted">The bytes aren’t UTF-8: what can’t be read is shown as �.</p>`}
    <pre tabindex="0">${shown}</pre>
    ${bytes.length > SHOWN && html`<p class="muted">The first ${formatCount(SHOWN)} of
      ${' '}${formatCount(bytes.length)} bytes; the download has all of them.</p>`}`;
}
