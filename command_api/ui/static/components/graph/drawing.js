/** The SVG of a graph's nodes and edges. */
import { html } from '../../vendor/preact.js';
import { signOf } from '../values.js';

const CHARACTER = 7;
const PADDING = 34;
const LEAST_WIDTH = 92;
const MOST_CHARACTERS = 28;
/** The width of a character of an edge's label. */
const LABEL_CHARACTER = 6.5;
const HEIGHT = 42;

/** The sign of each kind of step. */
const KIND_SIGNS = /** @type {Record<string, string>} */ ({
  function: 'ƒ', compute: 'ƒ', decide: '◆', decision: '◆', delay: '◷', join: '⋈', sync: '⋈',
});

/**
 * Return the box of a node. Its size depends on its texts alone, so that the places of nodes don't
 * change while a run goes on.
 *
 * @param {import('./collapse.js').ShownNode} node
 * @returns {import('./layout.js').Box}
 */
export function boxOf({ id, label, detail, members }) {
  const longest = members ? MOST_CHARACTERS : Math.max(label.length, (detail ?? '').length, 10);
  const width = PADDING + Math.min(longest, MOST_CHARACTERS) * CHARACTER;
  return { id, width: Math.max(LEAST_WIDTH, width), height: HEIGHT };
}

/**
 * Return a text that fits into a box.
 *
 * @param {string} text
 * @param {number} [most] in characters
 */
function cut(text, most = MOST_CHARACTERS) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
const NO_STATUS = { icon: '', tone: 'none' };

/**
 * @param {{edges: import('./collapse.js').GraphEdge[], layout: import('./layout.js').Layout}} props
 */
export function GraphEdges({ edges, layout }) {
  const widths = new Map(layout.boxes.map(({ id, width }) => [id, width]));
  return layout.edges.map(({ index, points, back }) => {
    const { to, label, condition = label, taken } = edges[index] ?? {};
    const kind = `graph-edge${taken ? ' is-taken' : ''}${back ? ' is-back' : ''}`;
    const [labelX, labelY] = labelPlace(points);
    return html`<g class=${kind} key=${index}>
      <path d=${pathOf(points)} />
      <path class="graph-arrow" d=${arrowOf(points)} />
      ${label && html`<title>${condition}</title>
        <text x=${labelX} y=${labelY}>${cut(label, lengthOf(points, widths.get(to)))}</text>`}
    </g>`;
  });
}

/**
 * @param {{nodes: import('./collapse.js').ShownNode[], layout: import('./layout.js').Layout,
 *   selected?: string, onPick: (id: string) => void}} props
 */
export function GraphNodes({ nodes, layout, selected, onPick }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return layout.boxes.map((box) => {
    const node = byId.get(box.id);
    return node && html`<${GraphNode} key=${box.id} node=${node} box=${box}
      selected=${box.id === selected} onPick=${onPick} />`;
  });
}

/**
 * @param {{node: import('./collapse.js').ShownNode, box: import('./layout.js').PlacedBox,
 *   selected: boolean, onPick: (id: string) => void}} props
 */
function GraphNode({ node, box, selected, onPick }) {
  const { label, kind, status, detail, note, members } = node;
  const { icon: statusIcon, tone } = status === undefined ? NO_STATUS : signOf(status);
  const classes = `graph-node is-${kind} tone-${tone}${selected ? ' is-selected' : ''}`;
  const icon = statusIcon || (KIND_SIGNS[kind] ?? '');
  return html`<g class=${members ? `${classes} is-group` : classes}
      transform="translate(${box.x} ${box.y})" onClick=${() => onPick(node.id)}>
    <title>${label}${status ? `: ${status}` : ''}${note ? `, ${note}` : ''}</title>
    ${members && html`<rect class="graph-behind" x="4" y="4" width=${box.width} height=${box.height} rx="5" />`}
    <rect width=${box.width} height=${box.height} rx=${kind === 'delay' ? box.height / 2 : 5} />
    <text class="graph-icon" x="10" y="18">${icon}</text>
    <text x="27" y="18">${cut(label)}</text>
    <text class="graph-detail" x="27" y="33">${cut(note ?? detail ?? kind)}</text>
  </g>`;
}

/**
 * Return a smooth path: each part leaves and arrives upright.
 *
 * @param {[number, number][]} points
 */
function pathOf(points) {
  const [[x, y], ...rest] = points;
  let path = `M${x} ${y}`;
  let [fromX, fromY] = [x, y];
  for (const [toX, toY] of rest) {
    const middle = (fromY + toY) / 2;
    path += fromX === toX ? `V${toY}` : `C${fromX} ${middle} ${toX} ${middle} ${toX} ${toY}`;
    [fromX, fromY] = [toX, toY];
  }
  return path;
}

/** @param {[number, number][]} points */
function arrowOf(points) {
  const [x, y] = points[points.length - 1];
  const upwards = points[points.length - 2][1] > y;
  return upwards ? `M${x - 4} ${y + 7}L${x} ${y}L${x + 4} ${y + 7}` : `M${x - 4} ${y - 7}L${x} ${y}L${x + 4} ${y - 7}`;
}

/**
 * Return the middle of a label: near the end of the edge's first part, where its siblings are apart.
 *
 * @param {[number, number][]} points
 */
function labelPlace([[x1, y1], [x2, y2]]) {
  return [Math.round(x1 + (x2 - x1) * 0.9), Math.round(y1 + (y2 - y1) * 0.65)];
}

/**
 * Return the most characters of a label: one at a step is as wide as its box.
 *
 * @param {[number, number][]} points
 * @param {number} [width] The width of the box at the end.
 */
function lengthOf(points, width = LEAST_WIDTH) {
  return Math.floor((points.length === 2 ? width : LEAST_WIDTH) / LABEL_CHARACTER);
}
