/** The status of a thing: a word, an icon and a colour, so that none of them is needed alone. */
import { html } from '../vendor/preact.js';

/** @typedef {'good' | 'bad' | 'warn' | 'busy' | 'idle'} Tone */

/** @type {Record<Tone, Record<string, string>>} Icons of the words, by tone. */
const WORDS = {
  good: {
    completed: '✓', succeeded: '✓', delivered: '✓', done: '✓', fired: '✓', started: '✓', added: '+', ok: '✓', active: '✓',
    live: '✓', passed: '✓', same: '✓', verified: '✓', redriven: '✓', enabled: '✓', up: '✓', ready: '✓',
  },
  bad: {
    failed: '✕', dead: '✕', error: '✕', invalid: '✕', down: '✕', different: '≠', lost: '✕',
    refused: '✕', removed: '−', open: '!', broken: '✕', differs: '≠', failing: '✕', unavailable: '✕',
  },
  warn: {
    waiting: '◔', paused: '‖', missed: '!', retrying: '↻', stopping: '◔', stopped: '■', late: '!',
    warning: '!', behind: '!', held: '‖', changed: '≠', undecided: '?',
  },
  busy: { running: '●', building: '●', delivering: '●', requested: '●', comparing: '●', sending: '●' },
  idle: {
    pending: '○', cancelled: '⊘', skipped: '↷', disabled: '⊘', draft: '✎', deleted: '⊘', queued: '○',
    untaken: '○', retired: '⊘', idle: '○', previous: '○',
  },
};

/** @type {Map<string, {icon: string, tone: Tone}>} */
const SIGNS = new Map();
for (const tone of /** @type {Tone[]} */ (Object.keys(WORDS))) {
  for (const [word, icon] of Object.entries(WORDS[tone])) SIGNS.set(word, { icon, tone });
}

/**
 * Return the icon and the tone of a status; the word is in any case.
 *
 * @param {string} value
 */
export function signOf(value) {
  return SIGNS.get(value.toLowerCase()) ?? { icon: '·', tone: /** @type {Tone} */ ('idle') };
}

/** @param {{value: string | null | undefined}} props */
export function Status({ value }) {
  if (!value) return html`<span class="muted">–</span>`;
  const { icon, tone } = signOf(value);
  return html`<span class="status tone-${tone}">
    <span class="status-icon" aria-hidden="true">${icon}</span>${value}
  </span>`;
}
