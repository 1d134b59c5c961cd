/** A few runs, one a line. */
import { html } from '../../vendor/preact.js';
import { ago } from '../../core/time.js';
import { RunName } from '../runs/run_name.js';

/** @param {{runs: any[] | undefined}} props */
export function RunLines({ runs = [] }) {
  if (runs.length === 0) return null;
  return html`<ul class="run-lines">
    ${runs.map((run) => html`<li key=${run.id}><${RunName} run=${run} />
      ${run.failure && html` <span class="muted">${[run.failure.stepId, run.failure.code].filter(Boolean).join(': ')}</span>`}
      <span class="muted"> ${ago(run.completedAt ?? run.startedAt ?? run.requestedAt)}</span></li>`)}
  </ul>`;
}
