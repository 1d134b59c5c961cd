/** The axis of a timeline: times since the first step began. Dragging along it chooses a range. */
import { html, useState } from '../../../vendor/preact.js';
import { formatDuration, formatInstant } from '../../../core/time.js';

/** The least distance of two labels, as a share of the width. */
const APART = 0.12;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const UNITS = [1, 1_000, 60_000, 3_600_000, 86_400_000];
/** A shorter drag is a click. */
const LEAST_DRAG = 0.01;

/**
 * @param {{scale: import('./time_scale.js').Scale, origin: number,
 *   onRange: (from: number, to: number) => void}} props `origin` is the time that is labelled 0.
 */
export function Axis({ scale, origin, onRange }) {
  const [drag, setDrag] = useState(/** @type {[number, number] | null} */ (null));
  const down = (/** @type {PointerEvent} */ event) => {
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    setDrag([fractionOf(event), fractionOf(event)]);
  };
  const move = (/** @type {PointerEvent} */ event) => drag && setDrag([drag[0], fractionOf(event)]);
  const up = () => {
    if (drag === null) return;
    const [from, to] = drag[0] < drag[1] ? drag : [drag[1], drag[0]];
    setDrag(null);
    if (to - from >= LEAST_DRAG) onRange(scale.timeAt(from), scale.timeAt(to));
  };
  return html`<span class="axis" title="Drag to choose a range"
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${up}>
    ${drag && html`<span class="axis-range" style=${rangeStyle(drag)}></span>`}
    ${labelsOf(scale, origin).map(({ at, text, title, idle }) => html`<span key=${at} title=${title}
      class=${idle ? 'axis-idle' : 'axis-tick'} style=${{ left: `${at * 100}%` }}>${text}</span>`)}
  </span>`;
}

/** @param {PointerEvent} event */
function fractionOf({ currentTarget, clientX }) {
  const { left, width } = /** @type {Element} */ (currentTarget).getBoundingClientRect();
  return Math.min(1, Math.max(0, (clientX - left) / width));
}

/** @param {[number, number]} drag */
function rangeStyle([one, other]) {
  return { left: `${Math.min(one, other) * 100}%`, width: `${Math.abs(other - one) * 100}%` };
}

/**
 * Return the labels of a scale: its collapsed spans, and round times where there is space.
 *
 * @param {import('./time_scale.js').Scale} scale
 * @param {number} origin
 */
function labelsOf({ segments }, origin) {
  const labels = idleLabels(segments);
  const isFree = (/** @type {number} */ at) => labels.every((one) => Math.abs(one.at - at) >= APART);
  for (const { from, to, begin, end } of segments.filter((one) => !one.idle)) {
    const step = roundStep(((to - from) / Math.max(end - begin, 1e-9)) * APART);
    for (let time = origin + Math.ceil((from - origin) / step) * step; time <= to; time += step) {
      const at = begin + ((time - from) / (to - from)) * (end - begin);
      if (at > 1 - APART / 2 || !isFree(at)) continue;
      const title = formatInstant(new Date(time).toISOString(), { milliseconds: true, withZone: true });
      labels.push({ at, text: time === origin ? '0 s' : formatDuration(time - origin), title, idle: false });
    }
  }
  return labels;
}

/**
 * Return the labels of collapsed spans, as far as there is space for them.
 *
 * @param {import('./time_scale.js').Segment[]} segments
 */
function idleLabels(segments) {
  /** @type {{at: number, text: string, title: string, idle: boolean}[]} */
  const labels = [];
  for (const { from, to, begin, idle } of segments) {
    const before = labels[labels.length - 1];
    if (!idle || (before !== undefined && begin - before.at < APART)) continue;
    const text = `╱ ${formatDuration(to - from)} ╱`;
    labels.push({ at: begin, text, title: 'Idle time, collapsed', idle });
  }
  return labels;
}

/** Return a round number of ms that is at least `ms`. @param {number} ms */
function roundStep(ms) {
  for (const unit of UNITS) {
    for (const step of STEPS) {
      if (step * unit >= ms && (unit === 1 || step <= 100)) return step * unit;
    }
  }
  return ms;
}
