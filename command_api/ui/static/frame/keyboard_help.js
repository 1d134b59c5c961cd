/** The shortcuts that work on every page, and the list of those that work on this one. */
import { html } from '../vendor/preact.js';
import { helpOpen, useShortcut } from '../core/keyboard.js';
import { Lazy } from '../components/lazy.js';
import { navigate } from '../core/router.js';
import { may } from '../core/session.js';

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
  return html`<${Lazy} load=${LIST} />`;
}

const LIST = async () => (await import('./keyboard_list.js')).KeyboardList;

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
