/**
 * Computes the places of a graph's nodes in layers from the top down, and the paths of its edges.
 *
 * It is pure: the same graph has the same layout. Cycles are cut first; layers come from the
 * longest paths; the order within layers from barycentres; places from packing.
 */
import { orderLayers, packLayers } from './places.js';

/**
 * @typedef {{id: string, width: number, height: number}} Box
 * @typedef {{from: string, to: string}} Connection
 * @typedef {{id: string, x: number, y: number, width: number, height: number, layer: number}} PlacedBox
 *   `x` and `y` are the upper left corner, in pixels
 * @typedef {{index: number, points: Array<[number, number]>, back: boolean}} PlacedEdge
 *   `index` is the edge's index in the input; `points` run from its source to its target; `back` edges close a cycle
 * @typedef {{boxes: PlacedBox[], edges: PlacedEdge[], width: number, height: number}} Layout
 */

const GAP_X = 20;
const GAP_Y = 34;
const BEND_WIDTH = 8;
const MARGIN = 12;

/**
 * Lay a graph out. Edges whose ends aren't among the boxes are left out.
 *
 * @param {Box[]} boxes
 * @param {Connection[]} connections
 * @returns {Layout}
 */
export function layoutGraph(boxes, connections) {
  if (boxes.length === 0) return { boxes: [], edges: [], width: 0, height: 0 };
  const { indices, pairs } = indexed(boxes, connections);
  const back = cutCycles(boxes.length, pairs);
  const loop = pairs.map(([source, target]) => source === target);
  /** @type {Array<[number, number]>} */
  const down = pairs.map(([source, target], at) => (back[at] ? [target, source] : [source, target]));
  const kept = indices.map((_, at) => at).filter((at) => !loop[at]);
  const layer = longestPaths(boxes.length, kept.map((at) => down[at]));
  const { layerOf, parts, chains } = bendLongEdges(layer, kept.map((at) => down[at]));
  const layers = orderLayers(layerOf, parts);
  const widths = layerOf.map((_, node) => boxes[node]?.width ?? BEND_WIDTH);
  const middle = packLayers(layers, parts, widths, GAP_X);
  const placed = placeBoxes(boxes, layer, layers, middle, widths);
  const edges = kept.map((at, chain) => ({
    index: indices[at],
    points: pathOf(chains[chain], back[at], placed),
    back: back[at],
  }));
  return { boxes: placed.boxes, edges, width: placed.width, height: placed.height };
}

/**
 * @param {Box[]} boxes
 * @param {Connection[]} connections
 */
function indexed(boxes, connections) {
  const places = new Map(boxes.map((box, index) => [box.id, index]));
  /** @type {number[]} */
  const indices = [];
  /** @type {Array<[number, number]>} */
  const pairs = [];
  connections.forEach(({ from, to }, index) => {
    const source = places.get(from);
    const target = places.get(to);
    if (source === undefined || target === undefined) return;
    indices.push(index);
    pairs.push([source, target]);
  });
  return { indices, pairs };
}

/**
 * @typedef {{boxes: PlacedBox[], at: (node: number) => {x: number, top: number, bottom: number}, width: number, height: number}} Placed
 * @param {Box[]} boxes
 * @param {Int32Array} layer
 * @param {number[][]} layers
 * @param {Float64Array} middle
 * @param {number[]} widths
 * @returns {Placed}
 */
function placeBoxes(boxes, layer, layers, middle, widths) {
  let left = Infinity;
  let right = -Infinity;
  middle.forEach((x, node) => {
    left = Math.min(left, x - widths[node] / 2);
    right = Math.max(right, x + widths[node] / 2);
  });
  const heights = layers.map((nodes) => Math.max(...nodes.map((node) => boxes[node]?.height ?? 0)));
  const tops = [MARGIN];
  heights.forEach((height, index) => tops.push(tops[index] + height + GAP_Y));
  /** @type {number[]} */
  const layerOf = [];
  layers.forEach((nodes, index) => nodes.forEach((node) => { layerOf[node] = index; }));
  const shift = MARGIN - left;
  const placed = boxes.map((box, node) => ({
    ...box,
    x: Math.round(middle[node] + shift - box.width / 2),
    y: Math.round(tops[layer[node]] + (heights[layer[node]] - box.height) / 2),
    layer: layer[node],
  }));
  return {
    boxes: placed,
    at: (node) => {
      const box = placed[node];
      const x = Math.round(middle[node] + shift);
      if (box !== undefined) return { x, top: box.y, bottom: box.y + box.height };
      const top = tops[layerOf[node]];
      return { x, top, bottom: top + heights[layerOf[node]] };
    },
    width: Math.round(right - left + 2 * MARGIN),
    height: Math.round(tops[heights.length] - GAP_Y + MARGIN),
  };
}

/**
 * Return the points of an edge: the ends of its boxes, and both ends of each bend between them.
 *
 * @param {number[]} chain
 * @param {boolean} back
 * @param {Placed} placed
 * @returns {Array<[number, number]>}
 */
function pathOf(chain, back, placed) {
  /** @type {Array<[number, number]>} */
  const points = [];
  chain.forEach((node, index) => {
    const { x, top, bottom } = placed.at(node);
    if (index > 0) points.push([x, top]);
    if (index < chain.length - 1) points.push([x, bottom]);
  });
  return back ? points.reverse() : points;
}

/** Bends of long edges that a layout has at most; beyond it, long edges are straight. */
const MAX_BENDS = 4_000;

/**
 * Return which edges close a cycle. An edge closes one if a depth-first walk, which begins at the
 * nodes in their order, meets the target of the edge while it is still below it.
 *
 * @param {number} count the number of nodes
 * @param {Array<[number, number]>} edges source and target of each edge, as indices of nodes
 * @returns {boolean[]} for each edge, whether a layout has to turn it around
 */
function cutCycles(count, edges) {
  const closing = edges.map(([source, target]) => source === target);
  const outgoing = edgesOf(count, edges);
  const state = new Uint8Array(count);
  for (let root = 0; root < count; root += 1) {
    if (state[root] === NEW) walk(root, outgoing, edges, state, closing);
  }
  return closing;
}

const NEW = 0;
const OPEN = 1;
const DONE = 2;

/**
 * @param {number} root
 * @param {number[][]} outgoing
 * @param {Array<[number, number]>} edges
 * @param {Uint8Array} state
 * @param {boolean[]} closing
 */
function walk(root, outgoing, edges, state, closing) {
  const path = [{ node: root, next: 0 }];
  state[root] = OPEN;
  while (path.length > 0) {
    const top = path[path.length - 1];
    const edge = outgoing[top.node][top.next];
    top.next += 1;
    if (edge === undefined) {
      state[top.node] = DONE;
      path.pop();
      continue;
    }
    const target = edges[edge][1];
    if (state[target] === OPEN) closing[edge] = true;
    else if (state[target] === NEW) {
      state[target] = OPEN;
      path.push({ node: target, next: 0 });
    }
  }
}

/**
 * Return the indices of the edges that leave each node.
 *
 * @param {number} count
 * @param {Array<[number, number]>} edges
 * @returns {number[][]}
 */
function edgesOf(count, edges) {
  /** @type {number[][]} */
  const outgoing = Array.from({ length: count }, () => []);
  edges.forEach(([source], index) => outgoing[source].push(index));
  return outgoing;
}

/**
 * Return the layer of each node: the length of the longest path that leads to it.
 *
 * @param {number} count the number of nodes
 * @param {Array<[number, number]>} edges edges without a cycle
 * @returns {Int32Array}
 */
function longestPaths(count, edges) {
  const layer = new Int32Array(count);
  const missing = new Int32Array(count);
  /** @type {number[][]} */
  const targets = Array.from({ length: count }, () => []);
  for (const [source, target] of edges) {
    targets[source].push(target);
    missing[target] += 1;
  }
  const ready = [];
  for (let node = 0; node < count; node += 1) if (missing[node] === 0) ready.push(node);
  for (let head = 0; head < ready.length; head += 1) {
    for (const target of targets[ready[head]]) {
      layer[target] = Math.max(layer[target], layer[ready[head]] + 1);
      missing[target] -= 1;
      if (missing[target] === 0) ready.push(target);
    }
  }
  return layer;
}

/**
 * Split edges over several layers at bends, so that each part leads to the next layer.
 *
 * @param {Int32Array} layer the layer of each node
 * @param {Array<[number, number]>} edges edges without a cycle
 * @returns {{layerOf: number[], parts: Array<[number, number]>, chains: number[][]}} the layers of
 *   nodes and, behind them, of bends; the parts; for each edge its nodes and bends from the top down
 */
function bendLongEdges(layer, edges) {
  const layerOf = Array.from(layer);
  const spans = edges.map(([source, target]) => layer[target] - layer[source]);
  const bends = spans.reduce((sum, span) => sum + Math.max(0, span - 1), 0);
  /** @type {Array<[number, number]>} */
  const parts = [];
  const chains = edges.map(([source, target], index) => {
    const chain = [source];
    for (let step = 1; bends <= MAX_BENDS && step < spans[index]; step += 1) {
      chain.push(layerOf.length);
      layerOf.push(layer[source] + step);
    }
    chain.push(target);
    for (let at = 1; at < chain.length; at += 1) parts.push([chain[at - 1], chain[at]]);
    return chain;
  });
  return { layerOf, parts, chains };
}
