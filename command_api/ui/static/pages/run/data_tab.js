/** The data of a run: its input, its context and its output. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/use_get.js';
import { JsonTree } from '../../components/json_tree.js';
import { Loaded } from '../../components/notice.js';

/** @param {{run: any}} props */
export function DataTab({ run }) {
  const path = `/runs/${encodeURIComponent(run.id)}`;
  const query = { fields: 'input,context,output' };
  const found = useGet(path, query, { topics: [`run:${run.id}`] });
  return html`<${Loaded} of=${found}>${(/** @type {any} */ data) => html`<div class="run-data">
    <section><h2>Input</h2><${JsonTree} value=${data.input ?? null} label="input" /></section>
    <section><h2>Context</h2><${JsonTree} value=${data.context} label="context" /></section>
    <section><h2>Output</h2>${'output' in data
      ? html`<${JsonTree} value=${data.output} label="output" />`
      : html`<p class="muted">The run has no output until it has completed.</p>`}</section>
  </div>`}<//>`;
}
