/** The dot of the top bar, which shows how far the page is behind the log. */
import { html } from '../vendor/preact.js';
import { live } from '../core/live.js';
import { formatDuration } from '../core/time.js';

const WORDS = {
  live: { icon: '●', tone: 'good', hint: 'The page follows the log.' },
  behind: { icon: '◔', tone: 'warn', hint: 'The page is behind the log, or is connecting again.' },
  off: { icon: '○', tone: 'idle', hint: 'The page doesn’t follow the log now.' },
};

/** A dot with a word and the lag; its title has the position. */
export function LiveDot() {
  const { state, position, lagMs } = live.value;
  const { icon, tone, hint } = WORDS[state];
  const lag = lagMs === null ? '' : formatDuration(lagMs);
  const views = lag && ` The views are ${lag} behind.`;
  const at = position === null ? '' : ` Position ${position.toLocaleString('en')}.`;
  return html`<span class="live tone-${tone}" title="${hint}${views}${at}">
    <span aria-hidden="true">${icon}</span> ${state}${state !== 'off' && lag && html` <span class="muted">${lag}</span>`}
  </span>`;
}
