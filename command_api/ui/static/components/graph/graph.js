/** A graph of steps, drawn from the top down. Its list of steps (StepTree) is equal to it. */
import { html, useLayoutEffect, useMemo, useRef, useState } from '../../vendor/preact.js';
import { formatCount } from '../../core/text/counts.js';
import { LEAST, collapse, isGroup } from './collapse.js';
import { GraphEdges, GraphNodes, boxOf } from './drawing.js';
import { useLayout } from './use_layout.js';

/** Groups with more steps than this stay closed; the list of steps shows them one by one. */
const MOST_OPENED = 300;
const STYLE = new URL('../../style/graph.css', import.meta.url).href;
const ZOOMS = [0.25, 0.5, 0.75, 1, 1.25, 1.5];

/**
 * @param {{nodes: import('./collapse.js').GraphNode[], edges: import('./collapse.js').GraphEdge[],
 *   selected?: string, onPick?: (id: string) => void}} props `onPick` is called with the id of the
 *   step that was clicked.
 */
export function Graph({ nodes, edges, selected, onPick }) {
  const [opened, setOpened] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [zoom, setZoom] = useState(1);
  const shown = useMemo(() => collapse(nodes, edges, opened), [nodes, edges, opened]);
  const { boxes, connections } = useStructure(shown);
  const layout = useLayout(boxes, connections);
  const box = useFocus(layout, selected ?? shown.nodes.find(isBusy)?.id, zoom);
  const pick = (/** @type {string} */ id) => {
    const group = shown.nodes.find((node) => node.id === id);
    if (!isGroup(id)) onPick?.(id);
    else if ((group?.members?.length ?? 0) <= MOST_OPENED) setOpened(new Set([...opened, id]));
  };
  return html`<div class="graph">
    <link rel="stylesheet" href=${STYLE} />
    <div class="graph-tools">
      <${Zoom} zoom=${zoom} onZoom=${setZoom} />
      ${opened.size > 0 && html`<button type="button" onClick=${() => setOpened(new Set())}>
        Collapse groups</button>`}
      ${shown.nodes.length < nodes.length && html`<span class="muted">
        ${LEAST} or more steps that follow the same steps, or the same group, are one node. Click it to show them.
      </span>`}
    </div>
    ${layout === null ? html`<p class="muted">Laying out ${formatCount(nodes.length)} steps…</p>` : html`
      <div class="graph-scroll" aria-hidden="true" ref=${box}>
        <svg class="graph-drawing" width=${layout.width * zoom} height=${layout.height * zoom}
          viewBox="0 0 ${layout.width} ${layout.height}">
          <${GraphEdges} edges=${shown.edges} layout=${layout} />
          <${GraphNodes} nodes=${shown.nodes} layout=${layout} selected=${selected} onPick=${pick} />
        </svg>
      </div>`}
  </div>`;
}

/**
 * Return boxes and connections that stay the same objects while only states change.
 *
 * @param {import('./collapse.js').ShownGraph} shown
 */
function useStructure({ nodes, edges }) {
  const key = JSON.stringify([
    nodes.map(({ id, label, detail }) => [id, label, detail]),
    edges.map(({ from, to }) => [from, to]),
  ]);
  return useMemo(() => ({
    boxes: nodes.map(boxOf),
    connections: edges.map(({ from, to }) => ({ from, to })),
  }), [key]);
}

/** @param {import('./collapse.js').ShownNode} node */
const isBusy = ({ status }) => status === 'running' || status === 'failed';

/**
 * Return a reference to the box that scrolls. A new layout, or another node in focus, scrolls to
 * that node, or to the first one.
 *
 * @param {import('./layout.js').Layout | null} layout
 * @param {string | undefined} focus
 * @param {number} zoom
 */
function useFocus(layout, focus, zoom) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const node = layout?.boxes.find(({ id }) => id === focus) ?? layout?.boxes[0];
    if (ref.current === null || node === undefined) return;
    const { clientWidth, clientHeight } = ref.current;
    ref.current.scrollLeft = (node.x + node.width / 2) * zoom - clientWidth / 2;
    ref.current.scrollTop = (node.y + node.height / 2) * zoom - clientHeight / 2;
  }, [layout, focus]);
  return ref;
}

/** @param {{zoom: number, onZoom: (zoom: number) => void}} props */
function Zoom({ zoom, onZoom }) {
  const at = ZOOMS.indexOf(zoom);
  return html`<span class="graph-zoom" role="group" aria-label="Size of the graph">
    <button type="button" aria-label="Smaller" disabled=${at === 0}
      onClick=${() => onZoom(ZOOMS[at - 1])}>−</button>
    <output>${Math.round(zoom * 100)} %</output>
    <button type="button" aria-label="Larger" disabled=${at === ZOOMS.length - 1}
      onClick=${() => onZoom(ZOOMS[at + 1])}>+</button>
  </span>`;
}
