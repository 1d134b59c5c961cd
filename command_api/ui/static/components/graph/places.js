/** Orders the nodes of each layer so that few edges cross, and gives them their places in pixels. */

/** Sweeps over the layers that look for an order with few crossings, and for places. */
const ORDER_SWEEPS = 8;
const PLACE_SWEEPS = 6;

/**
 * Return the nodes of each layer from left to right. Each sweep sorts a layer by the mean place of
 * its neighbours in the layer before; the order with the fewest crossings wins.
 *
 * @param {number[]} layerOf the layer of each node
 * @param {Array<[number, number]>} edges edges that lead downwards
 * @returns {number[][]}
 */
export function orderLayers(layerOf, edges) {
  let layers = group(layerOf);
  const above = neighbours(layerOf.length, edges, 1, 0);
  const below = neighbours(layerOf.length, edges, 0, 1);
  const place = new Float64Array(layerOf.length);
  keepPlaces(layers, place);
  let best = layers;
  let fewest = crossings(edges, layerOf, place);
  for (let sweep = 0; sweep < ORDER_SWEEPS && fewest > 0; sweep += 1) {
    layers = swept(layers, sweep % 2 === 0 ? above : below, place, sweep % 2 === 0);
    const count = crossings(edges, layerOf, place);
    if (count < fewest) {
      fewest = count;
      best = layers;
    }
  }
  return best;
}

/**
 * @param {number[][]} layers
 * @param {number[][]} near
 * @param {Float64Array} place
 * @param {boolean} down
 */
function swept(layers, near, place, down) {
  const result = layers.map((layer) => layer.slice());
  const order = result.map((_, index) => (down ? index : result.length - 1 - index));
  for (const index of order) {
    const wanted = new Map(result[index].map((node) => [node, mean(node, near, place)]));
    const wish = (/** @type {number} */ node) => wanted.get(node) ?? 0;
    result[index].sort((a, b) => wish(a) - wish(b) || place[a] - place[b]);
    result[index].forEach((node, at) => { place[node] = at; });
  }
  return result;
}

/**
 * @param {number} node
 * @param {number[][]} near
 * @param {Float64Array} place
 */
function mean(node, near, place) {
  if (near[node].length === 0) return place[node];
  let sum = 0;
  for (const neighbour of near[node]) sum += place[neighbour];
  return sum / near[node].length;
}

/** @param {number[][]} layers @param {Float64Array} place */
function keepPlaces(layers, place) {
  for (const layer of layers) layer.forEach((node, at) => { place[node] = at; });
}

/** @param {number[]} layerOf @returns {number[][]} */
function group(layerOf) {
  /** @type {number[][]} */
  const layers = [];
  layerOf.forEach((layer, node) => { (layers[layer] ??= []).push(node); });
  return layers;
}

/**
 * Return the neighbours of each node at one end of its edges.
 *
 * @param {number} count
 * @param {Array<[number, number]>} edges
 * @param {0|1} own the end of an edge at which the node stands
 * @param {0|1} other
 * @returns {number[][]}
 */
function neighbours(count, edges, own, other) {
  const lists = Array.from({ length: count }, () => /** @type {number[]} */ ([]));
  for (const edge of edges) lists[edge[own]].push(edge[other]);
  return lists;
}

/**
 * Count the pairs of edges between the same two layers that cross.
 *
 * @param {Array<[number, number]>} edges
 * @param {number[]} layerOf
 * @param {Float64Array} place
 */
function crossings(edges, layerOf, place) {
  const sorted = edges.slice().sort(([a, b], [c, d]) => (
    layerOf[a] - layerOf[c] || place[a] - place[c] || place[b] - place[d]
  ));
  let count = 0;
  for (let begin = 0; begin < sorted.length;) {
    let end = begin;
    while (end < sorted.length && layerOf[sorted[end][0]] === layerOf[sorted[begin][0]]) end += 1;
    count += inversions(sorted.slice(begin, end).map(([, target]) => place[target]));
    begin = end;
  }
  return count;
}

/** Count the pairs of values in the wrong order, with a tree of prefix sums. @param {number[]} values */
function inversions(values) {
  const size = values.reduce((most, value) => Math.max(most, value), 0) + 1;
  const tree = new Int32Array(size + 1);
  let count = 0;
  values.forEach((value, seen) => {
    let smaller = 0;
    for (let at = value + 1; at > 0; at -= at & -at) smaller += tree[at];
    count += seen - smaller;
    for (let at = value + 1; at <= size; at += at & -at) tree[at] += 1;
  });
  return count;
}

/**
 * Return the middle of each node. A node stands below or above the mean of its neighbours as far
 * as the nodes beside it allow.
 *
 * @param {number[][]} layers the nodes of each layer from left to right
 * @param {Array<[number, number]>} edges
 * @param {ArrayLike<number>} widths the width of each node
 * @param {number} gap the least space between two nodes
 * @returns {Float64Array}
 */
export function packLayers(layers, edges, widths, gap) {
  const middle = new Float64Array(widths.length);
  const above = neighbours(widths.length, edges, 1, 0);
  const below = neighbours(widths.length, edges, 0, 1);
  for (const layer of layers) placeLayer(layer, layer.map(() => 0), widths, gap, middle);
  for (let sweep = 0; sweep < PLACE_SWEEPS; sweep += 1) {
    const near = sweep % 2 === 0 ? above : below;
    const order = sweep % 2 === 0 ? layers : layers.slice().reverse();
    for (const layer of order) {
      const wanted = layer.map((node) => {
        const around = near[node];
        if (around.length === 0) return middle[node];
        return around.reduce((sum, neighbour) => sum + middle[neighbour], 0) / around.length;
      });
      placeLayer(layer, wanted, widths, gap, middle);
    }
  }
  return middle;
}

/**
 * Place the nodes of one layer as near to `wanted` as their order and widths allow: the least
 * squares, neighbours by pooling neighbours that push each other.
 *
 * @param {number[]} layer
 * @param {number[]} wanted
 * @param {ArrayLike<number>} widths
 * @param {number} gap
 * @param {Float64Array} middle
 */
function placeLayer(layer, wanted, widths, gap, middle) {
  const shift = [0];
  for (let at = 1; at < layer.length; at += 1) {
    shift.push(shift[at - 1] + (widths[layer[at - 1]] + widths[layer[at]]) / 2 + gap);
  }
  /** @type {Array<{sum: number, size: number}>} */
  const pools = [];
  for (let at = 0; at < layer.length; at += 1) {
    let pool = { sum: wanted[at] - shift[at], size: 1 };
    while (pools.length > 0) {
      const last = pools[pools.length - 1];
      if (last.sum / last.size <= pool.sum / pool.size) break;
      pools.pop();
      pool = { sum: pool.sum + last.sum, size: pool.size + last.size };
    }
    pools.push(pool);
  }
  let at = 0;
  for (const { sum, size } of pools) {
    for (const end = at + size; at < end; at += 1) middle[layer[at]] = sum / size + shift[at];
  }
}
