/** Bytes as text and as a table of hexadecimal numbers, to copy and to download. */
import { html, useMemo, useState } from '../../vendor/preact.js';
import { CopyButton, download } from '../../components/copy.js';
import { Tabs } from '../../components/panes.js';
import { formatCount } from '../../components/values.js';

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
export function bytesOf(text, base64) {
  if (text !== undefined) return new TextEncoder().encode(text);
  if (base64 === undefined) return null;
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

/**
 * Return bytes as lines of an offset, 16 numbers and their printable characters.
 *
 * @param {Uint8Array} bytes
 */
export function hexLines(bytes) {
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
export function RawBytes({ bytes, name, isText }) {
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
