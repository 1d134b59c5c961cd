/** A step to which the run hasn't come: what it calls, and what stands around it. */
import { html } from '../../../vendor/preact.js';
import { readOnly, setQuery } from '../../../core/router.js';
import { may } from '../../../core/session.js';
import { Pane } from '../../../components/panes.js';
import { Fields } from '../../../components/values.js';

/**
 * @param {{graph: any, stepId: string, onRerun: (stepId: string, visit: number) => void}} props
 */
export function FutureStep({ graph, stepId, onRerun }) {
  const node = graph.nodes.find((/** @type {any} */ one) => one.id === stepId);
  if (node === undefined) return null;
  const named = (/** @type {'from' | 'to'} */ end, /** @type {'from' | 'to'} */ other) => graph.edges
    .filter((/** @type {any} */ edge) => edge[end] === stepId)
    .map((/** @type {any} */ edge) => edge[other])
    .join(', ');
  return html`<${Pane} title=${node.name ?? stepId} onClose=${() => setQuery({ next: '' })}>
    <p>The run hasn’t come to this step.</p>
    <${Fields} rows=${[
      ['Id', html`<code>${stepId}</code>`],
      ['Kind', node.kind],
      node.function && ['Function', html`<code>${node.function}</code>`],
      ['Follows', named('to', 'from') || 'nothing: it is first'],
      ['Leads to', named('from', 'to') || 'nothing: it is last'],
    ]} />
    ${may('orchestrator:write') && !readOnly.value && html`<button type="button"
      onClick=${() => onRerun(stepId, 0)}>Rerun from here…</button>`}
  <//>`;
}
