/**
 * Lays graphs out beside the page's own thread: takes `{job, boxes, connections}`, answers
 * `{job, layout}`.
 */
import { layoutGraph } from './layout.js';

self.addEventListener('message', ({ data }) => {
  const layout = layoutGraph(data.boxes, data.connections);
  self.postMessage({ job: data.job, layout });
});
