/** A graph of steps, drawn from the top down. Its list of steps (StepTree) is equal to it. */
import {
  html, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from '../../vendor/preact.js';
import { formatCount } from '../values.js';
import { collapse, isGroup, LEAST } from './collapse.js';
import { boxOf, GraphEdges, GraphNodes } from './drawing.js';
import { layoutGraph } from './layout.js';

/** Groups with more steps than this stay closed; the list of steps shows them one by one. */
const MOST_OPENED = 300;
/** Nodes that one task of the browser draws. */
const DRAWN_AT_ONCE = 200;
const ZOOMS = [0.25, 0.5, 0.75, 1, 1.25, 1.5];

/**
 * @param {{nodes: import('./collapse.js').GraphNode[], edges: import('./collapse.js').GraphEdge[],
 *   selected?: string, onPick?: (id: string) => void}} props `onPick` is called with the id of the
 *   step that was clicked.
 */
export function Graph({ nodes, edges, selected, onPick }) {
  const [opened, setOpened] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [zoom, setZoom] = useState(1);
  const collapsed = useMemo(() => collapse(nodes, edges, opened), [nodes, edges, opened]);
  const { boxes, connections } = useStructure(collapsed);
  const layout = useLayout(boxes, connections);
  const drawn = useGradually(layout);
  const box = useFocus(layout, selected ?? collapsed.nodes.find(isBusy)?.id, zoom);
  const pick = (/** @type {string} */ id) => {
    const group = collapsed.nodes.find((node) => node.id === id);
    if (!isGroup(id)) onPick?.(id);
    else if ((group?.members?.length ?? 0) <= MOST_OPENED) setOpened(new Set([...opened, id]));
  };
  return html`<div class="graph">
    <div class="graph-tools">
      <${Zoom} zoom=${zoom} onZoom=${setZoom} />
      ${opened.size > 0 && html`<button type="button" onClick=${() => setOpened(new Set())}>
        Collapse groups</button>`}
      ${collapsed.nodes.length < nodes.length && html`<span class="muted">
        ${LEAST} or more steps that follow the same steps, or the same group, are one node. Click it to show them.
      </span>`}
    </div>
    ${layout === null ? html`<p class="muted">Laying out ${formatCount(nodes.length)} steps…</p>` : html`
      <div class="graph-scroll" aria-hidden="true" ref=${box}>
        <svg class="graph-drawing" width=${layout.width * zoom} height=${layout.height * zoom}
          viewBox="0 0 ${layout.width} ${layout.height}">
          <${GraphEdges} edges=${collapsed.edges} layout=${drawn} />
          <${GraphNodes} nodes=${collapsed.nodes} layout=${drawn} selected=${selected} onPick=${pick} />
        </svg>
      </div>`}
  </div>`;
}

/**
 * Return boxes and connections that stay the same objects while only states change.
 *
 * @param {import('./collapse.js').ShownGraph} graph
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

/**
 * Return the part of a layout that is drawn by now: a large one is drawn by several tasks.
 *
 * @param {import('./layout.js').Layout | null} layout
 */
function useGradually(layout) {
  const [most, setMost] = useState(DRAWN_AT_ONCE);
  const all = Math.max(layout?.boxes.length ?? 0, layout?.edges.length ?? 0);
  useEffect(() => {
    const timer = most < all ? setTimeout(() => setMost(most + DRAWN_AT_ONCE)) : undefined;
    return () => clearTimeout(timer);
  }, [most, all]);
  if (layout === null || most >= all) return layout;
  return { ...layout, boxes: layout.boxes.slice(0, most), edges: layout.edges.slice(0, most) };
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

/** Up to this many boxes a layout takes less time than a message to a worker. */
const AT_ONCE = 150;
const WORKER_URL = new URL('./layout_worker.js', import.meta.url).href;

/**
 * Return the layout of a graph; null while a worker computes the first one. `boxes` and
 * `connections` should stay the same objects as long as the graph is the same.
 *
 * @param {import('./layout.js').Box[]} boxes
 * @param {import('./layout.js').Connection[]} connections
 * @returns {import('./layout.js').Layout | null}
 */
function useLayout(boxes, connections) {
  const small = boxes.length <= AT_ONCE;
  const atOnce = useMemo(
    () => (small ? layoutGraph(boxes, connections) : null),
    [small, boxes, connections],
  );
  const [fromWorker, setFromWorker] = useState(
    /** @type {import('./layout.js').Layout | null} */ (null),
  );
  useEffect(() => {
    if (small) return undefined;
    return layoutBeside(boxes, connections, setFromWorker);
  }, [small, boxes, connections]);
  return atOnce ?? fromWorker;
}

/** @type {Worker | null | undefined} undefined until the first use, null where it can't start */
let worker;
let jobs = 0;

/**
 * Lay a graph out in the worker, or here if no worker can be started.
 *
 * @param {import('./layout.js').Box[]} boxes
 * @param {import('./layout.js').Connection[]} connections
 * @param {(layout: import('./layout.js').Layout) => void} done
 * @returns {() => void} drops the answer
 */
function layoutBeside(boxes, connections, done) {
  worker ??= startWorker();
  if (worker === null) {
    done(layoutGraph(boxes, connections));
    return () => {};
  }
  const current = worker;
  jobs += 1;
  const job = jobs;
  const answered = (/** @type {MessageEvent} */ { data }) => {
    if (data.job === job) done(data.layout);
  };
  const failed = () => {
    worker = null;
    done(layoutGraph(boxes, connections));
  };
  current.addEventListener('message', answered);
  current.addEventListener('error', failed);
  current.postMessage({ job, boxes, connections });
  return () => {
    current.removeEventListener('message', answered);
    current.removeEventListener('error', failed);
  };
}

/** @returns {Worker | null} */
function startWorker() {
  try {
    return new Worker(/** @type {string} */ (trustedWorkerUrl()), { type: 'module' });
  } catch {
    return null;
  }
}

/** Return the worker's address as the type that the page's security policy asks for. */
function trustedWorkerUrl() {
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  if (factory === undefined) return WORKER_URL;
  const policy = factory.createPolicy('baton-worker', {
    createScriptURL: (/** @type {string} */ url) => {
      if (url !== WORKER_URL) throw new TypeError(`Not a worker of Baton: ${url}`);
      return url;
    },
  });
  return policy.createScriptURL(WORKER_URL);
}
