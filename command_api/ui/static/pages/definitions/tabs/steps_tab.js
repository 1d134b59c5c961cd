/** The steps of a version as a list, which is equal to its graph. */
import { html } from '../../../vendor/preact.js';
import { href, setQuery } from '../../../core/router.js';
import { useGet } from '../../../core/use_get.js';
import { JsonTree } from '../../../components/json_tree.js';
import { Loaded } from '../../../components/notice.js';
import { Pane } from '../../../components/panes.js';
import { Table } from '../../../components/table.js';
import { followers, kindOf, stepText } from './step_text.js';

/** @param {import('../definition.js').Shown} props */
export default function StepsTab({ document, path, version, query }) {
  const graph = useGet(`${path}/graph`, { version });
  return html`<${Loaded} of=${graph}>${(/** @type {any} */ { edges }) => {
    const next = followers(edges);
    const rows = document.steps.map((/** @type {any} */ step) => ({ ...step, follows: next.get(step.id) }));
    return html`<div class="split">
      <${Table} label="Steps" columns=${COLUMNS} rows=${rows} onOpen=${openStep} current=${query.step} />
      <${StepPane} document=${document} path=${path} version=${version} stepId=${query.step} />
    </div>`;
  }}<//>`;
}

const COLUMNS = [
  { key: 'id', title: 'Step', width: 'minmax(120px, 1fr)' },
  { key: 'kind', title: 'Kind', width: '90px', render: kindOf },
  { key: 'does', title: 'Does', width: 'minmax(140px, 1.5fr)', render: stepText },
  { key: 'follows', title: 'Then', width: 'minmax(160px, 2fr)', render: followsCell },
  { key: 'retry', title: 'Attempts', width: '90px', numeric: true, render: attemptsCell },
  { key: 'timeout', title: 'Timeout', width: '80px', render: timeoutCell },
];

/** @param {any} row */
function followsCell({ follows }) {
  if (follows === undefined) return html`<span class="muted">the end</span>`;
  return follows.map((/** @type {any} */ { to, label }) => (label ? `${label}: ${to}` : to)).join(', ');
}

/** @param {any} row */
function attemptsCell({ retry }) {
  return retry?.attempts ?? '';
}

/** @param {any} row */
function timeoutCell({ timeout }) {
  return timeout ?? '';
}

/** @param {{id: string}} step */
export function openStep({ id }) {
  setQuery({ step: id });
}

/**
 * The document of the step that the URL names, if it names one.
 *
 * @param {{document: any, path: string, version: number, stepId: any}} props
 */
export function StepPane({ document, path, version, stepId }) {
  const step = document.steps.find((/** @type {any} */ { id }) => id === stepId);
  if (step === undefined) return null;
  const test = href(`${path}/test`, { step: stepId, version: String(version) });
  return html`<${Pane} title="Step ${stepId}" onClose=${() => setQuery({ step: undefined })}>
    <p>${kindOf(step)}: ${stepText(step)}</p>
    ${kindOf(step) === 'decide' && html`<p><a href=${test}>Test this decision</a></p>`}
    <${JsonTree} value=${step} label="Document" />
  <//>`;
}
