/** The bars of one row of a timeline; they are placed by transforms alone, so scrolling stays smooth. */
import { html } from '../../../vendor/preact.js';
import { formatDuration } from '../../../core/time.js';
import { signOf } from '../../../components/values.js';
import { barsOf } from './timeline_rows.js';

/** The least width of a bar, as a share of the track. */
const LEAST = 0.003;
const WORDS = /** @type {Record<string, string>} */ ({ run: 'ran', backoff: 'backoff', delay: 'delay' });

/**
 * @param {{row: import('./timeline_rows.js').Row, scale: import('./time_scale.js').Scale,
 *   until: number}} props
 */
export function Bars({ row, scale, until }) {
  const { tone } = signOf(row.status);
  return html`<span class="bars">
    ${barsOf(row, until).map(({ from, to, kind }) => {
      const begin = Math.min(scale.at(from), 1 - LEAST);
      const width = Math.max(LEAST, scale.at(to) - begin);
      const style = { transform: `translateX(${begin * 100}%) scaleX(${width})` };
      return html`<span key=${`${kind} ${from}`} class="bar bar-${kind} tone-${tone}" style=${style}
        title="${WORDS[kind]} ${formatDuration(to - from)}"></span>`;
    })}
  </span>`;
}
