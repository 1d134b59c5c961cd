/** The choices of a timeline, all of which stand in the URL. */
import { html } from '../../../vendor/preact.js';
import { useShortcut } from '../../../core/keyboard.js';
import { setQuery } from '../../../core/router.js';
import { formatDuration } from '../../../core/time.js';
import { formatCount } from '../../../components/values.js';
import { barsOf } from './timeline_rows.js';

const ATTEMPTS = [['', 'all'], ['last', 'last of each visit'], ['repeated', 'second and later']];
const ONLY = [['', 'all'], ['open', 'open'], ['failed', 'failed']];

/**
 * @param {{query: import('../../../core/router.js').Query, zoomed: boolean, shown: number, loaded: number,
 *   total: number, until: number, scale: import('./time_scale.js').Scale,
 *   current?: import('./timeline_rows.js').Row}} props `current` is the row that is open
 */
export function TimelineTools({ query, zoomed, scale, shown, loaded, total, current, until }) {
  useShortcut('f', 'Show failed steps only', () => setQuery({ only: query.only === 'failed' ? '' : 'failed' }));
  const idle = query.idle !== 'show';
  return html`<div class="tools">
    <label><input type="checkbox" checked=${idle}
      onChange=${() => setQuery({ idle: idle ? 'show' : '' })} /> Collapse idle time</label>
    <${Choice} label="Attempts" name="attempts" options=${ATTEMPTS} query=${query} />
    <${Choice} label="Steps" name="only" options=${ONLY} query=${query} />
    ${zoomed && html`<button type="button" onClick=${() => setQuery({ from: '', to: '' })}>
      Show the whole time</button> <span class="muted">${lengthOf(scale)}</span>`}
    ${current && html`<button type="button" onClick=${() => zoomTo(current, until)}>Zoom to ${current.stepId}</button>`}
    <span class="muted tools-count">${countText(shown, loaded, total)}</span>
  </div>`;
}

/** @param {{label: string, name: string, options: string[][], query: import('../../../core/router.js').Query}} props */
function Choice({ label, name, options, query }) {
  return html`<label>${label} <select value=${query[name] ?? ''}
      onChange=${(/** @type {any} */ event) => setQuery({ [name]: event.target.value })}>
    ${options.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}
  </select></label>`;
}

/** @param {import('./time_scale.js').Scale} scale */
function lengthOf({ segments }) {
  return formatDuration(segments[segments.length - 1].to - segments[0].from);
}

/**
 * Choose the range of a row, with a tenth more on both sides.
 *
 * @param {import('./timeline_rows.js').Row} row
 * @param {number} until
 */
function zoomTo(row, until) {
  const bars = barsOf(row, until);
  if (bars.length === 0) return;
  const from = Math.min(...bars.map((bar) => bar.from));
  const to = Math.max(...bars.map((bar) => bar.to));
  const margin = Math.max(1, (to - from) / 10);
  setQuery({ from: String(Math.floor(from - margin)), to: String(Math.ceil(to + margin)) });
}

/**
 * @param {number} shown
 * @param {number} loaded
 * @param {number} total
 */
function countText(shown, loaded, total) {
  if (loaded < total) return `${formatCount(loaded)} of ${formatCount(total)} rows read`;
  const text = `${formatCount(total)} rows`;
  return shown === total ? text : `${formatCount(shown)} of ${text}`;
}
