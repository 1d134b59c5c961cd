/** The steps of a document in words. */

/** @typedef {Record<string, any>} Step A step as a document writes it. */

/**
 * Return the kind of a step: "function", "decide", "delay" or "join".
 *
 * @param {Step} step
 */
export function kindOf(step) {
  return ['decide', 'delay', 'join'].find((kind) => kind in step) ?? 'function';
}

/**
 * Return what a step does, in a few words.
 *
 * @param {Step} step
 */
export function stepText(step) {
  switch (kindOf(step)) {
    case 'decide': return `${step.decide.length} cases`;
    case 'delay': return `waits ${step.delay}`;
    case 'join': return `waits for ${step.join.join(', ')}`;
    default: return step.function ?? step.id;
  }
}

/**
 * Return the steps that may follow each step, by its id.
 *
 * @param {{from: string, to: string, label?: string}[]} edges
 * @returns {Map<string, {to: string, label?: string}[]>}
 */
export function followers(edges) {
  const found = new Map();
  for (const { from, to, label } of edges) {
    if (!found.has(from)) found.set(from, []);
    found.get(from).push({ to, label });
  }
  return found;
}
