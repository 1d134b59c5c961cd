/** Cuts the cycles of a graph, puts its nodes into layers, and bends long edges around them. */

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
export function cutCycles(count, edges) {
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
export function longestPaths(count, edges) {
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
export function bendLongEdges(layer, edges) {
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
