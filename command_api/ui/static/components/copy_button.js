/** A button that copies a text, and lines with such a button. */
import { html, useState } from '../vendor/preact.js';
import { say } from '../core/announcements.js';

const SHOWN_MS = 1500;
const ICON = html`<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">
  <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />
</svg>`;

/**
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
