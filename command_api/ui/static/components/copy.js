/** Copies of values, commands for a shell, and files to download. */
import { html, useState } from '../vendor/preact.js';
import { say } from './notice.js';

const SHOWN_MS = 1500;
const ICON = html`<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">
  <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />
</svg>`;

/**
 * A button that copies a text.
 *
 * @param {{text: string | (() => string), label?: string, children?: any}} props `label` names what
 *   is copied, such as "id". With children the button shows them, else an icon.
 */
export function CopyButton({ text, label = 'value', children }) {
  const [copied, setCopied] = useState(false);
  const onClick = async (/** @type {Event} */ event) => {
    event.stopPropagation();
    const done = await copy(typeof text === 'function' ? text() : text);
    say(done ? `Copied the ${label}.` : 'The browser didn’t allow copying.');
    setCopied(done);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  const name = `Copy the ${label}`;
  return html`<button
    type="button" class=${children ? 'copy' : 'icon copy'} title=${name} onClick=${onClick} data-copies=${label}
    aria-label=${children ? undefined : name}
  >${children} ${copied ? html`<span aria-hidden="true">✓</span>` : ICON}</button>`;
}

/**
 * Lines to read and to copy.
 *
 * @param {{text: string, label: string}} props `label` names them, such as "commands".
 */
export function CopyLines({ text, label }) {
  return html`<div class="copy-lines"><pre tabindex="0">${text}</pre><${CopyButton} text=${text} label=${label} /></div>`;
}

/**
 * Copy a text; returns whether the browser allowed it.
 *
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text); // plain http on another host than this one has no clipboard API
  }
}

/** @param {string} text */
function copySelection(text) {
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

/**
 * Return a curl line for a request to this server.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export function curlLine(method, path, body) {
  const parts = ['curl', ...(method === 'GET' ? [] : ['-X', method]), '-H', '"Authorization: Bearer $BATON_TOKEN"'];
  if (body !== undefined) {
    parts.push('-H', '"Content-Type: application/json"', '-d', quoted(JSON.stringify(body)));
  }
  return [...parts, quoted(location.origin + path)].join(' ');
}

/**
 * Return a line of Baton's command line.
 *
 * @param {...string} words
 */
export function cliLine(...words) {
  return ['baton', ...words.map((word) => (/^[\w./:-]+$/.test(word) ? word : quoted(word)))].join(' ');
}

/**
 * Return a text as one word of a shell.
 *
 * @param {string} text
 */
export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Save a text or bytes as a file.
 *
 * @param {BlobPart} content
 * @param {string} name
 * @param {string} [type]
 */
export function download(content, name, type = 'application/json') {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name.replace(/[^\w.-]+/g, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
