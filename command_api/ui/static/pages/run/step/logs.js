/** What the function of an attempt logged, read when it is opened. */
import { html, useState } from '../../../vendor/preact.js';
import { Failure, Loading } from '../../../components/notice.js';
import { formatInstant } from '../../../core/time.js';
import { useGet } from '../../../core/use_get.js';

/** @param {{runId: string, step: any}} props */
export function Logs({ runId, step }) {
  const [open, setOpen] = useState(false);
  if (step.function === undefined) return null;
  return html`<details onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
    <summary>Logs</summary>
    ${open && html`<${Lines} runId=${runId} step=${step} />`}
  </details>`;
}

/** @param {{runId: string, step: any}} props */
function Lines({ runId, step }) {
  const path = `/runs/${encodeURIComponent(runId)}/logs`;
  const query = { step: step.stepId, attempt: step.attempt };
  const { data, error, reload } = useGet(path, query, { topics: [`run:${runId}`] });
  if (error) return html`<${Failure} error=${error} onRetry=${reload} />`;
  if (data === undefined) return html`<${Loading} />`;
  const lines = data.lines.filter((/** @type {any} */ line) => line.visit === step.visit);
  if (lines.length === 0) return html`<p class="muted">The function logged nothing.</p>`;
  return html`<pre class="stack">${lines.map(lineText).join('\n')}</pre>`;
}

/** @param {any} line */
function lineText({ at, level, message, omitted }) {
  if (omitted !== undefined) return `… ${omitted} lines are left out`;
  return `${formatInstant(at, { milliseconds: true })} ${level} ${message}`;
}
