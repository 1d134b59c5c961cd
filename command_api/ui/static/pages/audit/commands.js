/** Lines for a terminal. */
import { html } from '../../vendor/preact.js';
import { CopyButton } from '../../components/copy_button.js';

/** @param {{lines: string[]}} props */
export function Commands({ lines }) {
  const text = lines.join('\n');
  return html`<div class="commands"><pre tabindex="0">${text}</pre><${CopyButton} text=${text} label="commands" /></div>`;
}
