/** The graph of a run's definition with the state of each step, beside a list of the same steps. */
import { html, useMemo } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { setQuery, values } from '../../core/router.js';
import { mayChange } from '../../components/actions.js';
import { Choice } from '../../components/forms.js';
import { Graph } from '../../components/graph/graph.js';
import { StepTree } from '../../components/graph/step_tree.js';
import { Failure, Loading } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Fields } from '../../components/values.js';

const OPEN = new Set([undefined, 'running', 'waiting']);
const ONLY = [['', 'all'], 'open', 'failed'];

/**
 * @param {{run: any, timeline: import('./rows.js').TimelineState,
 *   query: import('../../core/router.js').Query, onRerun: (stepId: string, visit: number) => void}} props
 */
export function GraphTab({ run, timeline, query, onRerun }) {
  const path = `/definitions/${encodeURIComponent(run.definitionId)}/graph`;
  const { data: graph, error, reload } = useGet(path, { version: run.version });
  const ended = run.completedAt !== undefined && timeline.loaded;
  const states = useMemo(() => stepStates(timeline.rows), [timeline.rows]);
  const { nodes, edges } = useMemo(
    () => drawn(graph, timeline.rows, states, query.only, ended),
    [graph, timeline.rows, states, query.only, ended],
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
    ${future && html`<${FutureStep} graph=${graph} stepId=${future} ended=${ended} onRerun=${onRerun} />`}
    <div class="graph-side">
      <${Choice} class="graph-only" label="Steps" value=${query.only ?? ''} options=${ONLY}
        onPick=${(/** @type {string} */ only) => setQuery({ only })} />
      <${StepTree} nodes=${nodes} edges=${edges} selected=${selected} onPick=${pick} />
    </div>
    <${Graph} nodes=${nodes} edges=${edges} selected=${selected} onPick=${pick} />
  </div>`;
}

/**
 * Return the nodes and edges with the states of the run's steps.
 *
 * @param {any} graph
 * @param {import('./rows.js').Row[]} rows
 * @param {Map<string, StepState>} states
 * @param {string | string[] | undefined} only
 * @param {boolean} ended whether no further step will run
 */
function drawn(graph, rows, states, only, ended) {
  if (graph === undefined) return { nodes: [], edges: [] };
  const nodes = graph.nodes
    .map((/** @type {any} */ node) => ({
      id: node.id,
      label: node.name ?? node.id,
      kind: node.kind,
      detail: node.function ?? node.kind,
      status: states.get(node.id)?.status,
      note: states.get(node.id)?.note ?? (ended && !states.has(node.id) ? 'not run' : undefined),
    }))
    .filter((/** @type {any} */ { status }) => (
      only === 'failed' ? status === 'failed' : only !== 'open' || OPEN.has(status)
    ));
  const taken = takenEdges(rows, graph);
  const edges = graph.edges.map((/** @type {any} */ edge) => (
    { ...edge, taken: taken.has(edgeKey(edge.from, edge.to)) }
  ));
  return { nodes, edges };
}

/**
 * A step that the run hasn't reached: its function and its neighbours.
 *
 * @param {{graph: any, stepId: string, ended: boolean, onRerun: (stepId: string, visit: number) => void}} props
 */
function FutureStep({ graph, stepId, ended, onRerun }) {
  const node = graph.nodes.find((/** @type {any} */ { id }) => id === stepId);
  if (node === undefined) return null;
  const named = (/** @type {'from' | 'to'} */ end, /** @type {'from' | 'to'} */ other) => graph.edges
    .filter((/** @type {any} */ edge) => edge[end] === stepId)
    .map((/** @type {any} */ { label, condition = label, ...edge }) => edge[other] + (label ? ` (${condition})` : ''))
    .join(', ');
  return html`<${Pane} title=${node.name ?? stepId} onClose=${() => setQuery({ next: '' })}>
    <p>${ended ? 'The run ended without this step.' : 'The run hasn’t reached this step.'}</p>
    <${Fields} rows=${[
      ['Id', html`<code>${stepId}</code>`],
      ['Kind', node.kind],
      node.function && ['Function', html`<code>${node.function}</code>`],
      ['Follows', named('to', 'from') || 'nothing: it is first'],
      ['Leads to', named('from', 'to') || 'nothing: it is last'],
    ]} />
    ${mayChange() && html`<button type="button"
      onClick=${() => onRerun(stepId, 0)}>Rerun from here…</button>`}
  <//>`;
}

/**
 * @typedef {import('./rows.js').Row} Row
 * @typedef {{status?: string, note?: string, executionId?: string}} StepState
 */

/**
 * Return the state of each step by its id, from its newest row.
 *
 * @param {Row[]} rows in the order of their beginnings
 * @returns {Map<string, StepState>}
 */
function stepStates(rows) {
  /** @type {Map<string, {row: Row, visits: number}>} */
  const newest = new Map();
  for (const row of rows) {
    const visits = newest.get(row.stepId)?.visits ?? 0;
    newest.set(row.stepId, { row, visits: Math.max(visits, row.visit) });
  }
  return new Map([...newest].map(([stepId, { row, visits }]) => [stepId, {
    status: row.status,
    note: noteOf(row, visits),
    executionId: row.executionId,
  }]));
}

/**
 * @param {Row} row
 * @param {number} visits
 */
function noteOf(row, visits) {
  const parts = [];
  if (row.copied) parts.push('taken over');
  if (row.attempt > 1) parts.push(`attempt ${row.attempt}`);
  if (visits > 1) parts.push(`visit ${visits}`);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/**
 * Return the edges that the run took, as "from to" with a null character between the ids.
 *
 * @param {Row[]} rows
 * @param {{flow: string, edges: {from: string, to: string}[]}} graph
 * @returns {Set<string>}
 */
function takenEdges(rows, { flow, edges }) {
  if (flow === 'needs') {
    const started = new Set(rows.filter((row) => row.status !== 'skipped').map((row) => row.stepId));
    const taken = edges.filter(({ from, to }) => started.has(from) && started.has(to));
    return new Set(taken.map(({ from, to }) => edgeKey(from, to)));
  }
  const taken = new Set();
  rows.forEach((row, index) => {
    const next = rows[index + 1];
    if (next !== undefined && next.attempt === 1) taken.add(edgeKey(row.stepId, next.stepId));
  });
  return taken;
}

/**
 * @param {string} from
 * @param {string} to
 */
const edgeKey = (from, to) => `${from}\u0000${to}`;
