/** Collapses many steps that follow the same steps into one node, so that a wide graph stays legible. */

/**
 * @typedef {{id: string, label: string, kind: string, detail?: string, status?: string,
 *   note?: string}} GraphNode `detail` and `note` stand in the second line; the note wins
 * @typedef {{from: string, to: string, label?: string, taken?: boolean}} GraphEdge
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
    const found = alike(free, edges, shownBy).filter((members) => members.length >= LEAST);
    if (found.length === 0) return groups;
    groups.push(...found);
    for (const members of found) {
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
  /** @type {Map<string, GraphNode[]>} */
  const found = new Map();
  for (const node of nodes) {
    const key = JSON.stringify([node.kind, [...(sources.get(node.id) ?? [])].sort()]);
    const members = found.get(key);
    if (members === undefined) found.set(key, [node]);
    else members.push(node);
  }
  return [...found.values()];
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
  const status = FOREMOST.find((one) => members.some((member) => member.status === one));
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
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { status } of members) {
    if (status !== undefined) counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}

/**
 * @param {GraphEdge[]} edges
 * @param {Map<string, string>} shownBy
 * @returns {GraphEdge[]}
 */
function mergedEdges(edges, shownBy) {
  /** @type {Map<string, GraphEdge>} */
  const found = new Map();
  for (const edge of edges) {
    const from = shownBy.get(edge.from) ?? edge.from;
    const to = shownBy.get(edge.to) ?? edge.to;
    const changed = from !== edge.from || to !== edge.to;
    const label = changed ? undefined : edge.label;
    const key = JSON.stringify([from, to, label]);
    const before = found.get(key);
    found.set(key, { from, to, label, taken: edge.taken || before?.taken });
  }
  return [...found.values()];
}
