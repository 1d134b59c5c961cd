/** The reasons why a run is where it is, and the events that move it next. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { readOnly } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { Loaded, Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';

const EVERY_MS = 5_000;

/** @param {{run: any}} props */
export function ExplainTab({ run }) {
  const path = `/runs/${encodeURIComponent(run.id)}/explain`;
  const found = useGet(path, {}, { topics: [`run:${run.id}`], everyMs: EVERY_MS });
  return html`<${Loaded} of=${found}>${(/** @type {any} */ data) => html`<${Explanation} of=${data} />`}<//>`;
}

/** @param {{of: any}} props */
function Explanation({ of: { because, next, stuck, suggestions } }) {
  return html`<div class="explain">
    ${stuck && html`<${Notice} kind="error" title="The run is stuck.">
      Nothing recorded can move it. This is a defect of Baton.<//>`}
    ${readOnly.value && html`<p class="muted">By the events up to this position. Whether an executor and a scheduler were
      running then isn’t recorded.</p>`}
    <h2>Because</h2>
    <${Table} label="Reasons" columns=${REASONS} rows=${because} rowKey=${reasonKey} />
    <h2>Next</h2>
    ${next.length === 0 ? html`<p class="muted">Nothing moves the run by itself.</p>` : html`
      <ul>${next.map((/** @type {any} */ one) => html`<li key=${reasonKey(one)}><code>${one.event}</code>
        ${one.stepId ? ` of ${one.stepId}` : ''} ${one.dueAt && html`<${Time} at=${one.dueAt} />`}</li>`)}</ul>`}
    ${suggestions.length > 0 && html`<h2>You can</h2>
      <ul>${suggestions.map((/** @type {string} */ text) => html`<li key=${text}>${text} <${CopyButton} text=${text} label="suggestion" /></li>`)}</ul>`}
  </div>`;
}

/** @param {any} reason */
const reasonKey = ({ stepId, code, event, dueAt }) => [stepId, code, event, dueAt].join(' ');

const REASONS = [
  { key: 'stepId', title: 'Step', width: 'minmax(80px, 160px)', render: (/** @type {any} */ one) => one.stepId ?? 'the run' },
  { key: 'code', title: 'Code', width: '110px' },
  { key: 'text', title: 'Reason', width: 'minmax(160px, 3fr)', render: reasonText },
  { key: 'since', title: 'Since', width: '230px', render: (/** @type {any} */ one) => html`<${Time} at=${one.since} />` },
  { key: 'dueAt', title: 'Due', width: '230px', render: (/** @type {any} */ one) => html`<${Time} at=${one.dueAt} />` },
];

/** @param {any} reason */
function reasonText({ text, attempt, of, executor, lastError }) {
  const parts = [
    text,
    attempt !== undefined && of !== undefined && `attempt ${attempt} of ${of}`,
    executor && `executor ${executor}`,
    lastError && `last error ${lastError.code}: ${lastError.message}`,
  ];
  const whole = parts.filter(Boolean).join('; ');
  return html`<span title=${whole}>${whole}</span>`;
}
