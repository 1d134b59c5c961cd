/** The scale of a timeline: from times to fractions of its width, with idle time collapsed. */

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
export function merge(spans, from, to) {
  const sorted = spans
    .filter(([begin, end]) => end >= from && begin <= to)
    .map(([begin, end]) => /** @type {Span} */ ([Math.max(begin, from), Math.min(end, to)]))
    .sort(([one], [other]) => one - other);
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
  const idle = spans.filter((one) => one.idle).length;
  const busy = spans.reduce((sum, one) => sum + (one.idle ? 0 : one.to - one.from), 0) || 1;
  const collapsed = busy * Math.min(COLLAPSED, MOST_COLLAPSED / Math.max(1, idle));
  const widths = spans.map((one) => (one.idle ? collapsed : one.to - one.from));
  const whole = widths.reduce((sum, width) => sum + width, 0);
  let begin = 0;
  return spans.map((one, index) => {
    const segment = { ...one, begin, end: begin + widths[index] / whole };
    begin = segment.end;
    return segment;
  });
}

/** @param {Segment[]} segments @param {number} time */
function fractionAt(segments, time) {
  const found = find(segments, (one) => one.to < time);
  const share = (time - found.from) / (found.to - found.from);
  return found.begin + Math.min(1, Math.max(0, share)) * (found.end - found.begin);
}

/** @param {Segment[]} segments @param {number} fraction */
function timeAt(segments, fraction) {
  const found = find(segments, (one) => one.end < fraction);
  const share = (fraction - found.begin) / (found.end - found.begin);
  return found.from + Math.min(1, Math.max(0, share)) * (found.to - found.from);
}

/**
 * Return the first segment that isn't before what is sought, or the last one.
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
