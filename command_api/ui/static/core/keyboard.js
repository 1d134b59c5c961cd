/** Shortcuts of one or two keys. They are off while a reader types, and can be turned off altogether. */
import { computed, signal, useEffect, useRef } from '../vendor/preact.js';
import { preference } from './session.js';

/** @typedef {{keys: string, description: string, handler: (event: KeyboardEvent) => void}} Shortcut */

/** Whether shortcuts are on. */
export const keyboardOn = preference('keyboard', true);

/** Whether the list of shortcuts is open. */
export const helpOpen = signal(false);

/** @type {import('@preact/signals').Signal<Shortcut[]>} */
const registered = signal([]);

/** The shortcuts that work now; of several with the same keys, the newest. */
export const shortcuts = computed(() => {
  const byKeys = new Map(registered.value.map((shortcut) => [shortcut.keys, shortcut]));
  return [...byKeys.values()];
});

const SEQUENCE_MS = 1200;
let pending = '';
let pendingSince = 0;

/**
 * Add a shortcut; returns the function that removes it.
 *
 * @param {string} keys A key such as "/" or "Escape", or two with a space between: "g r".
 * @param {string} description What it does, for the list of shortcuts.
 * @param {(event: KeyboardEvent) => void} handler
 */
function register(keys, description, handler) {
  const added = { keys, description, handler };
  registered.value = [...registered.peek(), added];
  return () => {
    registered.value = registered.peek().filter((shortcut) => shortcut !== added);
  };
}

/**
 * A shortcut while the component is shown.
 *
 * @param {string} keys
 * @param {string} description
 * @param {(event: KeyboardEvent) => void} handler
 */
export function useShortcut(keys, description, handler) {
  const newest = useRef(handler);
  newest.current = handler;
  useEffect(() => register(keys, description, (event) => newest.current(event)), [keys, description]);
}

/** Listen to the keys of the page. */
export function startKeyboard() {
  document.addEventListener('keydown', onKey);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!keyboardOn.value || isTyping(event.target) || document.querySelector('dialog[open]')) return;
  const sequence = Date.now() - pendingSince < SEQUENCE_MS ? `${pending} ${event.key}` : '';
  const pressed = find(sequence) ?? find(event.key);
  if (pressed) {
    pending = '';
    event.preventDefault();
    pressed.handler(event);
  } else {
    pending = event.key;
    pendingSince = Date.now();
  }
}

/** @param {string} keys */
function find(keys) {
  return shortcuts.value.find((shortcut) => shortcut.keys === keys);
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || target.matches('input:not([type=checkbox]), textarea, select'));
}
