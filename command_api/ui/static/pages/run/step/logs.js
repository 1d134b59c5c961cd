/** The log lines of an attempt's function, read when they are opened. */
import { html, useState } from '../../../vendor/preact.js';
import { formatInstant } from '../../../core/time.js';
import { useGet } from '../../../core/use_get.js';
import { Loaded } from '../../../components/notice.js';

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
  const found = useGet(path, query, { topics: [`run:${runId}`] });
  return html`<${Loaded} of=${found}>${(/** @type {any} */ { lines }) => {
    const texts = lines.filter((/** @type {any} */ line) => line.visit === step.visit).map(lineText);
    return texts.length === 0 ? html`<p class="muted">The function logged nothing.</p>`
      : html`<pre class="stack">${texts.join('\n')}</pre>`;
  }}<//>`;
}

/** @param {any} line */
function lineText({ at, level, message, omitted }) {
  if (omitted !== undefined) return `… ${omitted} lines are left out`;
  return `${formatInstant(at, { milliseconds: true })} ${level} ${message}`;
}
