/** The graph of a run's definition, with what the run made of it, beside an equal list of its steps. */
import { html, useMemo } from '../../vendor/preact.js';
import { setQuery, values } from '../../core/router.js';
import { useGet } from '../../core/use_get.js';
import { Graph } from '../../components/graph/graph.js';
import { StepTree } from '../../components/graph/step_tree.js';
import { Failure, Loading } from '../../components/notice.js';
import { FutureStep } from './step/future_step.js';
import { edgeKey, stepStates, takenEdges } from './step_states.js';

const OPEN = new Set([undefined, 'running', 'waiting']);

/**
 * @param {{run: any, timeline: import('./use_timeline.js').TimelineState,
 *   query: import('../../core/router.js').Query, onRerun: (stepId: string, visit: number) => void}} props
 */
export function GraphTab({ run, timeline, query, onRerun }) {
  const path = `/definitions/${encodeURIComponent(run.definitionId)}/graph`;
  const { data: graph, error, reload } = useGet(path, { version: run.version });
  const states = useMemo(() => stepStates(timeline.rows), [timeline.rows]);
  const { nodes, edges } = useMemo(
    () => drawn(graph, timeline.rows, states, query.only),
    [graph, timeline.rows, states, query.only],
  );
  if (error) return html`<${Failure} error=${error} onRetry=${reload} />`;
  if (graph === undefined) return html`<${Loading} />`;
  const opened = values(query, 'step')[0];
  const future = typeof query.next === 'string' && !states.has(query.next) ? query.next : undefined;
  const selected = timeline.rows.find((row) => row.executionId === opened)?.stepId ?? future;
  const pick = (/** @type {string} */ stepId) => {
    const execution = states.get(stepId)?.executionId;
    setQuery(execution === undefined ? { step: '', next: stepId } : { step: execution, next: '' });
  };
  return html`<div class="graph-tab">
    ${future && html`<${FutureStep} graph=${graph} stepId=${future} onRerun=${onRerun} />`}
    <div class="graph-side">
      <label class="graph-only">Steps <select value=${query.only ?? ''}
          onChange=${(/** @type {any} */ event) => setQuery({ only: event.target.value })}>
        <option value="">all</option><option value="open">open</option><option value="failed">failed</option>
      </select></label>
      <${StepTree} nodes=${nodes} edges=${edges} selected=${selected} onPick=${pick} />
    </div>
    <${Graph} nodes=${nodes} edges=${edges} selected=${selected} onPick=${pick} />
  </div>`;
}

/**
 * Return the nodes and edges with the states of the run's steps.
 *
 * @param {any} graph
 * @param {import('./timeline/timeline_rows.js').Row[]} rows
 * @param {Map<string, import('./step_states.js').StepState>} states
 * @param {string | string[] | undefined} only
 */
function drawn(graph, rows, states, only) {
  if (graph === undefined) return { nodes: [], edges: [] };
  const nodes = graph.nodes
    .map((/** @type {any} */ node) => ({
      id: node.id,
      label: node.name ?? node.id,
      kind: node.kind,
      detail: node.function ?? node.kind,
      status: states.get(node.id)?.status,
      note: states.get(node.id)?.note,
    }))
    .filter((/** @type {any} */ { status }) => (
      only === 'failed' ? status === 'failed' : only !== 'open' || OPEN.has(status)
    ));
  const taken = takenEdges(rows, graph);
  const edges = graph.edges.map((/** @type {any} */ { from, to, label }) => (
    { from, to, label, taken: taken.has(edgeKey(from, to)) }
  ));
  return { nodes, edges };
}
