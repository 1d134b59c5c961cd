/** One dead letter: why it could not be read, its bytes, and what sending it again would do. */
import { html } from '../../vendor/preact.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { CopyButton } from '../../components/copy.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Fields, formatCount } from '../../components/values.js';
import { bytesOf, RawBytes } from './raw_bytes.js';
import { Redrive } from './redrive.js';

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
