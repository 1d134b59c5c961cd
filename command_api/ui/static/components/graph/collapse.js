/** Collapses many steps that follow the same steps into one node, so that a wide graph stays legible. */

/**
 * @typedef {{id: string, label: string, kind: string, detail?: string, status?: string,
 *   note?: string}} GraphNode `detail` and `note` stand in the second line; the note wins
 * @typedef {{from: string, to: string, label?: string, condition?: string, taken?: boolean}} GraphEdge
 *   `label` is the condition of a decision in a few words, `condition` the whole one, if they differ
 * @typedef {GraphNode & {members?: GraphNode[]}} ShownNode a node, or a group of its `members`
 * @typedef {{nodes: ShownNode[], edges: GraphEdge[]}} ShownGraph
 */

/** Steps of one kind that follow the same steps are a group from this number on. */
export const LEAST = 12;

/** The beginning of a group's id; no step has such an id. */
const PREFIX = '\u0000group:';

/**
 * Return whether an id is that of a group.
 *
 * @param {string} id
 */
export const isGroup = (id) => id.startsWith(PREFIX);

/**
 * Return the graph with groups in place of their steps. The followers of a group may become a
 * group, too: rows of parallel steps end as a chain of groups.
 *
 * @param {GraphNode[]} nodes
 * @param {GraphEdge[]} edges
 * @param {ReadonlySet<string>} opened ids of groups whose steps are shown
 * @returns {ShownGraph}
 */
export function collapse(nodes, edges, opened) {
  const groups = new Map(groupsOf(nodes, edges).map((members) => [groupId(members), members]));
  for (const id of opened) groups.delete(id);
  /** @type {Map<string, string>} the group that shows a step */
  const shownBy = new Map();
  for (const [id, members] of groups) for (const member of members) shownBy.set(member.id, id);
  const kept = nodes.flatMap((node) => {
    const group = shownBy.get(node.id);
    if (group === undefined) return [node];
    const members = groups.get(group) ?? [];
    return members[0] === node ? [groupNode(members)] : [];
  });
  return { nodes: kept, edges: shownBy.size === 0 ? edges : mergedEdges(edges, shownBy) };
}

/**
 * Return the groups of a graph: once a group is found, its steps count as one for their followers.
 *
 * @param {GraphNode[]} nodes
 * @param {GraphEdge[]} edges
 * @returns {GraphNode[][]}
 */
function groupsOf(nodes, edges) {
  /** @type {Map<string, string>} */
  const shownBy = new Map();
  /** @type {GraphNode[][]} */
  const groups = [];
  for (;;) {
    const free = nodes.filter((node) => !shownBy.has(node.id));
    const further = alike(free, edges, shownBy).filter((members) => members.length >= LEAST);
    if (further.length === 0) return groups;
    groups.push(...further);
    for (const members of further) {
      for (const member of members) shownBy.set(member.id, groupId(members));
    }
  }
}

/**
 * Return nodes by their kind and the nodes or groups that they follow.
 *
 * @param {GraphNode[]} nodes
 * @param {GraphEdge[]} edges
 * @param {Map<string, string>} shownBy
 * @returns {GraphNode[][]}
 */
function alike(nodes, edges, shownBy) {
  /** @type {Map<string, Set<string>>} */
  const sources = new Map(nodes.map((node) => [node.id, new Set()]));
  for (const { from, to } of edges) sources.get(to)?.add(shownBy.get(from) ?? from);
  const keyOf = (/** @type {GraphNode} */ { id, kind }) => JSON.stringify([kind, [...(sources.get(id) ?? [])].sort()]);
  return [...Map.groupBy(nodes, keyOf).values()];
}

/** @param {GraphNode[]} members */
const groupId = (members) => `${PREFIX}${members[0].id}`;

/**
 * @param {GraphNode[]} members
 * @returns {ShownNode}
 */
function groupNode(members) {
  const [{ kind, label }] = members;
  const id = groupId(members);
  const status = FOREMOST.find((name) => members.some((member) => member.status === name));
  return { id, kind, label: `${members.length} × ${label} …`, status, note: countsOf(members), members };
}

/** The statuses that a group may have; the first one that a member has is the group's. */
const FOREMOST = ['failed', 'running', 'waiting', 'cancelled', 'succeeded'];

/**
 * Return how many members have each status, such as "20 succeeded, 4 running".
 *
 * @param {GraphNode[]} members
 */
function countsOf(members) {
  const withStatus = members.filter(({ status }) => status !== undefined);
  return [...Map.groupBy(withStatus, ({ status }) => status)].map(([status, { length }]) => `${length} ${status}`).join(', ');
}

/**
 * @param {GraphEdge[]} edges
 * @param {Map<string, string>} shownBy
 * @returns {GraphEdge[]}
 */
function mergedEdges(edges, shownBy) {
  /** @type {Map<string, GraphEdge>} */
  const merged = new Map();
  for (const edge of edges) {
    const from = shownBy.get(edge.from) ?? edge.from;
    const to = shownBy.get(edge.to) ?? edge.to;
    const changed = from !== edge.from || to !== edge.to;
    const { label, condition } = changed ? {} : edge;
    const key = JSON.stringify([from, to, label]);
    const taken = edge.taken || merged.get(key)?.taken;
    merged.set(key, { from, to, label, condition, taken });
  }
  return [...merged.values()];
}
