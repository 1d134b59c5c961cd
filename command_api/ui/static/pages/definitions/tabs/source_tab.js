/** The document of a version, and the definition as each API of the server writes it. */
import { html } from '../../../vendor/preact.js';
import { setQuery } from '../../../core/router.js';
import { useGet } from '../../../core/use_get.js';
import { CopyButton, curlLine } from '../../../components/copy.js';
import { JsonTree } from '../../../components/json_tree.js';
import { Loaded, Notice } from '../../../components/notice.js';

/** The version's own document; other APIs show the version in force. */
const OWN = 'document';
const DRAWINGS = ['mermaid', 'dot'];

/** @param {import('../definition.js').Shown} props */
export default function SourceTab({ definition, document, path, version, query }) {
  const apis = useGet('/openapi');
  const chosen = String(query.words ?? OWN);
  const pick = (/** @type {any} */ { target }) => setQuery({ words: target.value });
  const writers = (apis.data?.apis ?? []).filter((/** @type {any} */ api) => api.definitions);
  return html`
    <label>Written as <select value=${chosen} onChange=${pick}>
      <option value=${OWN}>document of Baton</option>
      ${writers.map((/** @type {any} */ { name, title }) => html`<option value=${name}>
        ${name === 'baton' ? 'answer of Baton’s own API' : title}</option>`)}
      <option value="mermaid">graph for Mermaid</option>
      <option value="dot">graph for Graphviz</option>
    </select></label>
    <${Written} key=${chosen} chosen=${chosen} definition=${definition} document=${document}
      path=${path} version=${version} />`;
}

/** @param {{chosen: string, definition: any, document: any, path: string, version: number}} props */
function Written({ chosen, definition, document, path, version }) {
  if (chosen === OWN) {
    return html`<p class="muted">Copy or download it, change it, and publish it
      by <code>baton definitions apply FILE</code>.</p>
      <${JsonTree} value=${document} label="${definition.slug} version ${version}" />`;
  }
  if (DRAWINGS.includes(chosen)) return html`<${Drawing} path=${path} version=${version} format=${chosen} />`;
  return html`<${Elsewhere} path=${path} dialect=${chosen}
    old=${version !== definition.version && definition.version} />`;
}

/** @param {{path: string, version: number, format: string}} props */
function Drawing({ path, version, format }) {
  const drawing = useGet(`${path}/graph`, { version, format });
  return html`<${Loaded} of=${drawing}>${(/** @type {string} */ text) => html`
    <p><${CopyButton} text=${text} label="graph">Copy<//></p>
    <pre class="source" tabindex="0">${text}</pre>`}<//>`;
}

/** @param {{path: string, dialect: string, old: number | false}} props */
function Elsewhere({ path, dialect, old }) {
  const found = useGet(`${path}/source`, { dialect });
  return html`${old && html`<${Notice}>Other APIs show version ${old}, which is in force.<//>`}
    <${Loaded} of=${found}>${(/** @type {any} */ { path: shownAt, document }) => html`
      <p class="muted">GET <code>${shownAt}</code>
        <${CopyButton} text=${curlLine('GET', shownAt)} label="curl line" /></p>
      <${JsonTree} value=${document} label="Definition" />`}<//>`;
}
