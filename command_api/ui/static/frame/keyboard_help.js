/** The shortcuts that work on every page, and the list of those that work on this one. */
import { html } from '../vendor/preact.js';
import { helpOpen, keyboardOn, shortcuts, useShortcut } from '../core/keyboard.js';
import { navigate } from '../core/router.js';
import { may } from '../core/session.js';
import { Dialog } from '../components/dialog.js';

/** Registers the shortcuts of the frame, and shows the list while it is open. */
export function KeyboardHelp() {
  useShortcut('?', 'List the shortcuts', () => (helpOpen.value = true));
  useShortcut('g o', 'Go to the overview', () => navigate('/'));
  useShortcut('g r', 'Go to the runs', () => navigate('/runs'));
  useShortcut('g d', 'Go to the definitions', () => navigate('/definitions'));
  useShortcut('g s', 'Go to the schedules', () => navigate('/schedules'));
  useShortcut('g l', 'Go to the log', () => may('orchestrator:admin') && navigate('/log'));
  useShortcut('g a', 'Go to the audit', () => navigate('/audit'));
  useShortcut('j', 'Next row of the table', toTable);
  useShortcut('k', 'Previous row of the table', toTable);
  useShortcut('c', 'Copy the id', () => find('[data-copies~="id"]')?.click());
  useShortcut('.', 'Go to the actions', () => find('[data-actions] button')?.focus());
  if (!helpOpen.value) return null;
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

const OF_TABLES = [
  { keys: 'Enter', description: 'Open the row' },
  { keys: 'x', description: 'Select the row' },
];

/** Give the focus to the first table of the page, which has these keys itself. */
function toTable() {
  (find('[data-rows] [data-index][tabindex="0"]') ?? find('[data-rows]'))?.focus();
}

/**
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
function find(selector) {
  return document.getElementById('main')?.querySelector(selector) ?? null;
}
