/** Lays a graph out for a component: small ones at once, large ones in a worker. */

import { useEffect, useMemo, useState } from '../../vendor/preact.js';
import { layoutGraph } from './layout.js';

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
export function useLayout(boxes, connections) {
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
