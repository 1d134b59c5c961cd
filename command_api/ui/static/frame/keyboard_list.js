/** The list of the shortcuts that work on this page. */
import { html } from '../vendor/preact.js';
import { helpOpen, keyboardOn, shortcuts } from '../core/keyboard.js';
import { Dialog } from '../components/panes.js';

const OF_TABLES = [
  { keys: 'Enter', description: 'Open the row' },
  { keys: 'x', description: 'Select the row' },
];

/** A dialog with the shortcuts, and a box that turns them off. */
export function KeyboardList() {
  return html`<${Dialog} title="Keyboard" open onClose=${() => (helpOpen.value = false)}>
    <label><input type="checkbox" checked=${keyboardOn.value}
      onChange=${() => (keyboardOn.value = !keyboardOn.value)} /> Shortcuts are on</label>
    <dl class="keys">
      ${[...shortcuts.value, ...OF_TABLES].map(({ keys, description }) => html`<div key=${keys}>
        <dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${description}</dd></div>`)}
    </dl>
    <p class="muted">They are off while you type.</p>
  <//>`;
}
