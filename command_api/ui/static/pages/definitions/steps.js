/** The steps of a version, as a list and as a graph, which are equal. */
import { html, useMemo } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { Graph } from '../../components/graph/graph.js';
import { JsonTree } from '../../components/json_tree.js';
import { Loaded } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { counted } from '../../components/values.js';

/**
 * The steps of a version as a list, which is equal to its graph.
 *
 * @param {import('./definitions.js').Shown} props
 */
export function StepsTab({ document, path, version, query }) {
  const graph = useGet(`${path}/graph`, { version });
  return html`<${Loaded} of=${graph}>${(/** @type {any} */ { edges }) => {
    const edgesByStep = Map.groupBy(edges, (/** @type {any} */ { from }) => from);
    const rows = document.steps.map((/** @type {any} */ step) => ({ ...step, follows: edgesByStep.get(step.id) }));
    return html`<div class="split">
      <${Table} label="Steps" columns=${COLUMNS} rows=${rows} onOpen=${openStep} current=${query.step} />
      <${StepPane} document=${document} path=${path} version=${version} stepId=${query.step} />
    </div>`;
  }}<//>`;
}

const COLUMNS = [
  { key: 'id', title: 'Step', width: 'minmax(120px, 1fr)', at: 'name' },
  { key: 'kind', title: 'Kind', width: '90px', at: 'state', render: kindOf },
  { key: 'does', title: 'Does', width: 'minmax(140px, 1.5fr)', at: 'about', render: stepText },
  { key: 'follows', title: 'Then', width: 'minmax(160px, 2fr)', at: 'more', render: followsCell },
  { key: 'retry', title: 'Attempts', width: '90px', numeric: true, render: attemptsCell },
  { key: 'timeout', title: 'Timeout', width: '80px', render: timeoutCell },
];

/** @param {any} row */
function followsCell({ follows }) {
  if (follows === undefined) return html`<span class="muted">the end</span>`;
  return follows.map((/** @type {any} */ { to, label, condition = label }) => (label ? `${condition}: ${to}` : to)).join('; ');
}

/** @param {any} row */
function attemptsCell({ retry }) {
  return retry?.attempts ?? '';
}

/** @param {any} row */
function timeoutCell({ timeout }) {
  return timeout ?? '';
}

/** @param {{id: string}} step */
function openStep({ id }) {
  setQuery({ step: id });
}

/**
 * The document of the step that the URL names, if it names one.
 *
 * @param {{document: any, path: string, version: number, stepId: any}} props
 */
function StepPane({ document, path, version, stepId }) {
  const step = document.steps.find((/** @type {any} */ { id }) => id === stepId);
  if (step === undefined) return null;
  const test = href(`${path}/test`, { step: stepId, version: String(version) });
  return html`<${Pane} title="Step ${stepId}" onClose=${() => setQuery({ step: undefined })}>
    <p>${kindOf(step)}: ${stepText(step)}</p>
    ${kindOf(step) === 'decide' && html`<p><a href=${test}>Test this decision</a></p>`}
    <${JsonTree} value=${step} label="Document" />
  <//>`;
}

/**
 * The graph of a version.
 *
 * @param {import('./definitions.js').Shown} props
 */
export function GraphTab({ document, path, version, query }) {
  const graph = useGet(`${path}/graph`, { version });
  return html`<p class="muted">
      The tab Steps lists the same steps; the tab Source has the graph for Mermaid and Graphviz.
    </p>
    <${Loaded} of=${graph}>${(/** @type {any} */ data) => html`<div class="split">
      <${Drawn} graph=${data} selected=${query.step} />
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

/** @typedef {Record<string, any>} Step A step as a document writes it. */

/**
 * Return the kind of a step: "function", "decide", "delay" or "join".
 *
 * @param {Step} step
 */
function kindOf(step) {
  return ['decide', 'delay', 'join'].find((kind) => kind in step) ?? 'function';
}

/**
 * Return what a step does, in a few words.
 *
 * @param {Step} step
 */
function stepText(step) {
  switch (kindOf(step)) {
    case 'decide': return counted(step.decide.length, 'case');
    case 'delay': return `waits ${step.delay}`;
    case 'join': return `waits for ${step.join.join(', ')}`;
    default: return step.function ?? step.id;
  }
}
