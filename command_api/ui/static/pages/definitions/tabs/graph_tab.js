/** The graph of a version. */
import { html, useMemo } from '../../../vendor/preact.js';
import { useGet } from '../../../core/use_get.js';
import { Graph } from '../../../components/graph/graph.js';
import { Loaded } from '../../../components/notice.js';
import { openStep, StepPane } from './steps_tab.js';

/** @param {import('../definition.js').Shown} props */
export default function GraphTab({ document, path, version, query }) {
  const graph = useGet(`${path}/graph`, { version });
  return html`<p class="muted">
      The tab Steps lists the same steps; the tab Source has the graph for Mermaid and Graphviz.
    </p>
    <${Loaded} of=${graph}>${(/** @type {any} */ found) => html`<div class="split">
      <${Drawn} graph=${found} selected=${query.step} />
      <${StepPane} document=${document} path=${path} version=${version} stepId=${query.step} />
    </div>`}<//>`;
}

/** @param {{graph: any, selected: any}} props */
function Drawn({ graph, selected }) {
  const nodes = useMemo(() => graph.nodes.map(drawnNode), [graph]);
  return html`<${Graph} nodes=${nodes} edges=${graph.edges} selected=${selected}
    onPick=${(/** @type {string} */ id) => openStep({ id })} />`;
}

/**
 * Return a step of the API's graph as the drawing takes it.
 *
 * @param {any} node
 */
export function drawnNode({ id, kind, name, function: called }) {
  return { id, kind, label: name ?? id, detail: called ?? kind };
}
