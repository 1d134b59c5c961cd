/** A small line of values over time. */
import { html } from '../vendor/preact.js';

const WIDTH = 120;
const HEIGHT = 24;

/** @param {{values: number[], label: string, tone?: string}} props `label` says it in words. */
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
