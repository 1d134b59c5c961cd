/** The scale of a timeline, from times to fractions of its width, with idle time collapsed, and its axis. */
import { html, useState } from '../../vendor/preact.js';
import { formatDuration, formatInstant } from '../../core/time.js';

/**
 * @typedef {[number, number]} Span begin and end, in ms since the epoch
 * @typedef {{from: number, to: number, begin: number, end: number, idle: boolean}} Segment `from` and
 *   `to` are times; `begin` and `end` are the fractions of the width at which they stand
 * @typedef {{segments: Segment[], at: (time: number) => number, timeAt: (fraction: number) => number}} Scale
 */

/** An idle span is collapsed if it is longer than this share of the busy time. */
const LONG = 0.15;
/** The width of one collapsed span, and the most that all of them take, as shares of the busy time. */
const COLLAPSED = 0.05;
const MOST_COLLAPSED = 0.5;

/**
 * Return the scale of a range.
 *
 * @param {Span[]} busy times in which something ran, in any order
 * @param {Span} range
 * @param {boolean} collapseIdle
 * @returns {Scale}
 */
export function timeScale(busy, [from, to], collapseIdle) {
  const end = Math.max(to, from + 1);
  const spans = collapseIdle ? spansOf(merge(busy, from, end), from, end) : [];
  const segments = placed(spans.length > 0 ? spans : [{ from, to: end, idle: false }]);
  return {
    segments,
    at: (time) => fractionAt(segments, time),
    timeAt: (fraction) => timeAt(segments, fraction),
  };
}

/**
 * Return the spans within a range, sorted, with those that overlap or touch joined.
 *
 * @param {Span[]} spans
 * @param {number} from
 * @param {number} to
 * @returns {Span[]}
 */
function merge(spans, from, to) {
  const sorted = spans
    .filter(([begin, end]) => end >= from && begin <= to)
    .map(([begin, end]) => /** @type {Span} */ ([Math.max(begin, from), Math.min(end, to)]))
    .sort(([begin], [other]) => begin - other);
  /** @type {Span[]} */
  const merged = [];
  for (const [begin, end] of sorted) {
    const last = merged[merged.length - 1];
    if (last !== undefined && begin <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([begin, end]);
  }
  return merged;
}

/**
 * Return the busy spans and the long idle ones between them; short idle ones count as busy.
 *
 * @param {Span[]} busy
 * @param {number} from
 * @param {number} to
 */
function spansOf(busy, from, to) {
  const total = busy.reduce((sum, [begin, end]) => sum + end - begin, 0);
  const long = Math.max(1, total * LONG);
  const spans = [];
  let at = from;
  const edges = /** @type {Span[]} */ ([...busy, [to, to]]);
  for (const [begin, end] of edges) {
    if (begin - at > long) {
      spans.push({ from: at, to: begin, idle: true });
      at = begin;
    }
    const last = spans[spans.length - 1];
    if (last !== undefined && !last.idle) last.to = Math.max(end, at);
    else if (end > at) spans.push({ from: at, to: end, idle: false });
    at = Math.max(at, end);
  }
  return spans;
}

/**
 * @param {Array<{from: number, to: number, idle: boolean}>} spans
 * @returns {Segment[]}
 */
function placed(spans) {
  const count = spans.filter(({ idle }) => idle).length;
  const busy = spans.reduce((sum, { from, to, idle }) => sum + (idle ? 0 : to - from), 0) || 1;
  const collapsed = busy * Math.min(COLLAPSED, MOST_COLLAPSED / Math.max(1, count));
  const widths = spans.map(({ from, to, idle }) => (idle ? collapsed : to - from));
  const whole = widths.reduce((sum, width) => sum + width, 0);
  let begin = 0;
  return spans.map((span, index) => {
    const segment = { ...span, begin, end: begin + widths[index] / whole };
    begin = segment.end;
    return segment;
  });
}

/** @param {Segment[]} segments @param {number} time */
function fractionAt(segments, time) {
  const { from, to, begin, end } = find(segments, (segment) => segment.to < time);
  return begin + Math.min(1, Math.max(0, (time - from) / (to - from))) * (end - begin);
}

/** @param {Segment[]} segments @param {number} fraction */
function timeAt(segments, fraction) {
  const { from, to, begin, end } = find(segments, (segment) => segment.end < fraction);
  return from + Math.min(1, Math.max(0, (fraction - begin) / (end - begin))) * (to - from);
}

/**
 * Return the first segment for which `isBefore` is false, or the last one.
 *
 * @param {Segment[]} segments
 * @param {(segment: Segment) => boolean} isBefore
 */
function find(segments, isBefore) {
  let [low, high] = [0, segments.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(segments[middle])) low = middle + 1;
    else high = middle;
  }
  return segments[low];
}

/** The least distance of two labels, as a share of the width. */
const APART = 0.12;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const UNITS = [1, 1_000, 60_000, 3_600_000, 86_400_000];
/** A shorter drag is a click. */
const LEAST_DRAG = 0.01;

/**
 * The axis of a timeline: times since the first step began. Dragging along it chooses a range.
 *
 * @param {{scale: Scale, origin: number,
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
function rangeStyle([begin, end]) {
  return { left: `${Math.min(begin, end) * 100}%`, width: `${Math.abs(end - begin) * 100}%` };
}

/**
 * Return the labels of a scale: its collapsed spans, and round times where there is space.
 *
 * @param {Scale} scale
 * @param {number} origin
 */
function labelsOf({ segments }, origin) {
  const labels = idleLabels(segments);
  const isFree = (/** @type {number} */ at) => labels.every((label) => Math.abs(label.at - at) >= APART);
  for (const { from, to, begin, end } of segments.filter(({ idle }) => !idle)) {
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
 * @param {Segment[]} segments
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
