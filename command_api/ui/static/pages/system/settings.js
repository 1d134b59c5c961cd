/** The settings of the server that answers; secrets are masked by the server. */
import { html, useState } from '../../vendor/preact.js';
import { PlainTable } from './plain_table.js';

/** @param {{config: Record<string, any>}} props */
export function Settings({ config }) {
  const [text, setText] = useState('');
  const names = Object.keys(config).filter((name) => name.includes(text.trim().toLowerCase()));
  return html`<details class="settings"><summary><h2>Settings</h2></summary>
    <p class="muted">Those of the process that answers. Secrets and the passwords of addresses are masked.</p>
    <label>Find <input type="search" value=${text} onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} /></label>
    <${PlainTable} label="Settings" heads=${['Setting', 'Value']} empty="No setting has this text in its name."
      rows=${names.sort().map((name) => [html`<code>BATON_${name.toUpperCase()}</code>`, html`<code>${shown(config[name])}</code>`])} />
  </details>`;
}

/** @param {any} value */
function shown(value) {
  if (value === null || value === '') return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
