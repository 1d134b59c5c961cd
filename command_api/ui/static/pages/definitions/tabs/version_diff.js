/** The differences between two versions: in the graph, step by step, and in the documents. */
import { html, useMemo } from '../../../vendor/preact.js';
import { useGet } from '../../../core/use_get.js';
import { Graph } from '../../../components/graph/graph.js';
import { JsonDiff } from '../../../components/json_diff.js';
import { Loaded } from '../../../components/notice.js';
import { drawnNode } from './graph_tab.js';

/** @param {{path: string, from: number, to: number}} props */
export function VersionDiff({ path, from, to }) {
  const diff = useGet(`${path}/diff`, { from, to });
  const graphs = [useGet(`${path}/graph`, { version: from }), useGet(`${path}/graph`, { version: to })];
  const documents = [useGet(`${path}/versions/${from}`), useGet(`${path}/versions/${to}`)];
  const [before, after] = documents.map(({ data }) => data?.definition);
  return html`<${Loaded} of=${diff}>${(/** @type {any} */ found) => (found.same
    ? html`<p>Both versions are the same.</p>`
    : html`
      <${StepChanges} steps=${found.steps} />
      <${Loaded} of=${graphs[0]}>${(/** @type {any} */ one) => html`
        <${Loaded} of=${graphs[1]}>${(/** @type {any} */ other) => html`
          <${MarkedGraph} before=${one} after=${other} steps=${found.steps} />`}<//>`}<//>
      <h3>Documents</h3>
      ${before && after && html`<${JsonDiff} before=${before} after=${after} />`}`)}<//>`;
}

/** @param {{steps: any}} props */
function StepChanges({ steps }) {
  const { added, removed, changed, reordered } = steps;
  const rows = [
    ...added.map((/** @type {string} */ id) => ({ id, mark: 'added' })),
    ...removed.map((/** @type {string} */ id) => ({ id, mark: 'removed' })),
    ...changed.map((/** @type {any} */ { id, changes }) => ({
      id, mark: 'changed', members: changes.map((/** @type {any} */ { member }) => member).join(', '),
    })),
  ];
  return html`<ul aria-label="Steps that differ">
    ${rows.map(({ id, mark, members }) => html`<li key=${id} class="diff-${mark}">
      ${SIGNS[mark]} <strong>${id}</strong> ${mark}${members && html`: ${members}`}
    </li>`)}
    ${reordered && html`<li>⇅ The steps that both versions have are in another order.</li>`}
    ${rows.length === 0 && !reordered && html`<li>No step differs, other members do.</li>`}
  </ul>`;
}

/** @type {Record<string, string>} */
const SIGNS = { added: '+', removed: '−', changed: '≠' };

/** @param {{before: any, after: any, steps: any}} props */
function MarkedGraph({ before, after, steps }) {
  const { nodes, edges } = useMemo(() => merged(before, after, steps), [before, after, steps]);
  return html`<${Graph} nodes=${nodes} edges=${edges} />`;
}

/**
 * Return one graph with the steps and edges of two versions, marked where they differ.
 *
 * @param {any} before
 * @param {any} after
 * @param {any} steps The differences between the steps.
 */
export function merged(before, after, steps) {
  const removed = before.nodes.filter((/** @type {any} */ { id }) => steps.removed.includes(id));
  const changed = steps.changed.map((/** @type {any} */ { id }) => id);
  const marks = new Map([
    ...steps.added.map((/** @type {string} */ id) => [id, 'added']),
    ...steps.removed.map((/** @type {string} */ id) => [id, 'removed']),
    ...changed.map((/** @type {string} */ id) => [id, 'changed']),
  ]);
  const nodes = [...after.nodes, ...removed].map((node) => {
    const mark = marks.get(node.id);
    return { ...drawnNode(node), status: mark, note: mark };
  });
  const old = new Set(before.edges.map(edgeKey));
  const kept = new Set(after.edges.map(edgeKey));
  const edges = [
    ...after.edges.map((/** @type {any} */ edge) => (old.has(edgeKey(edge)) ? edge : marked(edge, 'added'))),
    ...before.edges.filter((/** @type {any} */ edge) => !kept.has(edgeKey(edge)))
      .map((/** @type {any} */ edge) => marked(edge, 'removed')),
  ];
  return { nodes, edges };
}

/** @param {{from: string, to: string, label?: string}} edge */
function edgeKey({ from, to, label }) {
  return JSON.stringify([from, to, label]);
}

/**
 * @param {{from: string, to: string, label?: string}} edge
 * @param {string} mark
 */
function marked(edge, mark) {
  return { ...edge, label: edge.label ? `${edge.label}, ${mark}` : mark };
}
