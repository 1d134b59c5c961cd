/** The bar that moves all pages to an earlier position, and says so while they show one. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { get } from '../core/api.js';
import { live } from '../core/live.js';
import { asOf, route, showAsOf } from '../core/router.js';
import { formatInstant, fromZone, Time } from '../core/time.js';
import { barOpen } from './top_bar.js';

/** Pages that show the present state alone. */
const NOW_ONLY = new Set([
  'bulk', 'bulks', 'dead-letter', 'dead-letters', 'webhook', 'webhooks', 'audit', 'system', 'compare', 'test',
]);
const SLIDING_MS = 150;

/** The bar, with a position and a time to choose. */
export function AsOfBar() {
  const position = asOf.value;
  const now = () => {
    barOpen.value = false;
    showAsOf(null);
  };
  return html`<div class="as-of ${position === null ? '' : 'past'}" role="region" aria-label="As of an earlier position">
    ${position === null ? html`<span>Now</span>` : html`<strong>This is the past</strong> <${PositionTime} position=${position} />`}
    <${Slider} position=${position} />
    <${AtTime} />
    ${position !== null && html`<span class="muted">${NOW_ONLY.has(route.value.name)
      ? 'This page shows the present.' : 'Nothing can be changed here.'}</span>`}
    <button type="button" onClick=${now}>${position === null ? 'Close' : 'Return to now'}</button>
  </div>`;
}

/** @param {{position: number | null}} props */
function Slider({ position }) {
  const [moved, setMoved] = useState(/** @type {number | null} */ (null));
  const timer = useRef(0);
  const newest = live.value.position;
  const head = Math.max(newest ?? 0, position ?? 0, 1);
  useEffect(() => setMoved(null), [position]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const chosen = moved ?? position ?? head;
  const move = (/** @type {number} */ to) => {
    setMoved(to);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => showAsOf(to), SLIDING_MS);
  };
  return html`<input
      type="range" min="1" max=${head} value=${chosen} aria-label="Position"
      onInput=${(/** @type {any} */ event) => move(event.currentTarget.valueAsNumber)} />
    <label>position <input
      type="number" min="1" max=${newest ?? undefined} value=${chosen}
      onChange=${(/** @type {any} */ event) => move(clamp(event.currentTarget.valueAsNumber, newest))} /></label>`;
}

/**
 * @param {number} wanted
 * @param {number | null} newest Null before the stream has said it.
 */
function clamp(wanted, newest) {
  if (Number.isNaN(wanted)) return newest ?? 1;
  return Math.max(1, Math.min(wanted, newest ?? wanted));
}

/** @param {{position: number}} props Shows the greatest time of any event up to a position. */
function PositionTime({ position }) {
  const [at, setAt] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    get('/stats', { asOf: position, window: '1m', bucket: '1m' }, { signal: abort.signal })
      .then(({ data }) => setAt(data.at), () => setAt(''));
    return () => abort.abort();
  }, [position]);
  return at && html`<${Time} at=${at} />`;
}

/** A field for a time, which becomes the position before the first later event. */
function AtTime() {
  const [failure, setFailure] = useState('');
  const onChange = async (/** @type {any} */ event) => {
    const iso = fromZone(event.currentTarget.value);
    if (iso === null) return;
    setFailure('');
    try {
      const { position } = await get('/runs', { asOf: iso, limit: 1 });
      if (position !== null) showAsOf(Math.max(position, 1));
    } catch (error) {
      setFailure(/** @type {Error} */ (error).message);
    }
  };
  const latest = formatInstant(new Date().toISOString()).replace(' ', 'T');
  return html`<label>at <input type="datetime-local" step="1" max=${latest} onChange=${onChange} /></label>
    ${failure && html`<span class="tone-bad" role="alert">${failure}</span>`}`;
}
