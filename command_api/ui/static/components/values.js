/** Values as a page shows them: the status of a thing, fields, numbers, JSON in one line, and values over time. */
import { html } from '../vendor/preact.js';
import { href } from '../core/router.js';

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

/**
 * The status of a thing: a word, an icon and a colour, so that none of them is needed alone.
 *
 * @param {{value: string | null | undefined}} props
 */
export function Status({ value }) {
  if (!value) return html`<span class="muted">–</span>`;
  const { icon, tone } = signOf(value);
  return html`<span class="status tone-${tone}">
    <span class="status-icon" aria-hidden="true">${icon}</span>${value}
  </span>`;
}

/**
 * Labels with values, as a description list.
 *
 * @param {{rows: ([string, any] | null | false | undefined)[]}} props Empty entries are left out.
 */
export function Fields({ rows }) {
  const fields = /** @type {[string, any][]} */ (rows.filter(Boolean));
  return html`<dl class="fields">
    ${fields.map(([label, value]) => html`<div key=${label}>
      <dt>${label}</dt><dd>${value ?? html`<span class="muted">–</span>`}</dd>
    </div>`)}
  </dl>`;
}

const WIDTH = 120;
const HEIGHT = 24;

/**
 * A small line of values over time.
 *
 * @param {{values: number[], label: string, tone?: string}} props `label` says it in words.
 */
export function Sparkline({ values, label, tone = 'busy' }) {
  const top = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map((value, index) => {
    const y = HEIGHT - 1 - (value / top) * (HEIGHT - 3);
    return `${(index * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg
    class="sparkline tone-${tone}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label}
    preserveAspectRatio="none"
  ><polyline points=${points.join(' ')} /></svg>`;
}

/**
 * Return a number with commas between its thousands.
 *
 * @param {number} count
 */
export function formatCount(count) {
  return count.toLocaleString('en');
}

/**
 * Return a number with its noun, such as "1 run" or "1,204 runs".
 *
 * @param {number} count
 * @param {string} noun The singular; the plural has an "s" more.
 */
export function counted(count, noun) {
  return `${formatCount(count)} ${count === 1 ? noun : `${noun}s`}`;
}

/**
 * Return a value as JSON, cut behind `most` characters; nothing for undefined.
 *
 * @param {any} value
 * @param {number} most
 */
export function shortJson(value, most) {
  const text = value === undefined ? '' : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Return the name of a run: its title, else its definition with the correlation id or its own. */
export function nameOf(/** @type {Record<string, any>} */ run) {
  return run.title ?? `${run.slug ?? 'run'} ${run.correlationId ?? run.id}`;
}

/**
 * The name of a run, which leads to its page.
 *
 * @param {{run: Record<string, any>}} props
 */
export function RunName({ run }) {
  return html`<a href=${href(`/runs/${run.id}`)} title=${run.id}>${nameOf(run)}</a>`;
}
