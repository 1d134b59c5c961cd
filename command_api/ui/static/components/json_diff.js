/** The differences between two JSON values. */
import { html, useMemo, useState } from '../vendor/preact.js';
import { isHolder, memberPath } from './json_tree.js';
import { formatCount } from './values.js';

/**
 * One place where two values differ; undefined where one of them has nothing there.
 *
 * @typedef {{path: string, before: any, after: any}} Difference
 */

const AT_ONCE = 100;

/**
 * Return the places where two values differ: members in the order of their names, lists by index.
 *
 * @param {any} a
 * @param {any} b
 * @returns {Difference[]}
 */
function diffJson(a, b) {
  /** @type {Difference[]} */
  const differences = [];
  compare(a, b, '', differences);
  return differences;
}

/**
 * @param {any} a
 * @param {any} b
 * @param {string} path
 * @param {Difference[]} differences
 */
function compare(a, b, path, differences) {
  if (Object.is(a, b)) return;
  if (!isHolder(a) || !isHolder(b) || Array.isArray(a) !== Array.isArray(b)) {
    differences.push({ path, before: a, after: b });
    return;
  }
  for (const key of keysOf(a, b)) compare(a[key], b[key], memberPath(path, key), differences);
}

/**
 * @param {any} a
 * @param {any} b
 * @returns {(string | number)[]}
 */
function keysOf(a, b) {
  if (Array.isArray(a)) return [...Array(Math.max(a.length, b.length)).keys()];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

/**
 * A table of the places where two values differ.
 *
 * @param {{before: any, after: any}} props
 */
export function JsonDiff({ before, after }) {
  const [most, setMost] = useState(AT_ONCE);
  const all = useMemo(() => diffJson(before, after), [before, after]);
  if (all.length === 0) return html`<p class="muted">There is no difference.</p>`;
  return html`<div class="scroll"><table class="diff">
    <thead><tr><th scope="col">Member</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
    <tbody>${all.slice(0, most).map(({ path, ...values }) => html`<tr key=${path}>
      <th scope="row"><code>${path || 'the whole value'}</code></th>
      <td class="diff-before"><${Side} value=${values.before} /></td>
      <td class="diff-after"><${Side} value=${values.after} /></td>
    </tr>`)}</tbody>
  </table></div>
  ${all.length > most && html`<button type="button" class="link" onClick=${() => setMost(most + AT_ONCE)}>
    Show more of ${formatCount(all.length)} differences</button>`}`;
}

const LONG = 2_000;

/** @param {{value: any}} props */
function Side({ value }) {
  if (value === undefined) return html`<span class="muted">absent</span>`;
  const text = JSON.stringify(value, null, 1);
  return html`<code>${text.length > LONG ? `${text.slice(0, LONG)}…` : text}</code>`;
}
