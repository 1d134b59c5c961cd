/** The versions of a definition: what differs between two of them, and the document of one in each form. */
import { html, useMemo } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { setQuery } from '../../core/router.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { Choice } from '../../components/forms.js';
import { Graph } from '../../components/graph/graph.js';
import { JsonDiff } from '../../components/json_diff.js';
import { JsonTree } from '../../components/json_tree.js';
import { Loaded, Notice } from '../../components/notice.js';
import { Table, timeColumn } from '../../components/table.js';
import { Status } from '../../components/values.js';
import { drawnNode } from './steps.js';

/**
 * The versions of a definition, and what differs between two of them.
 *
 * @param {import('./definitions.js').Shown} props
 */
export function VersionsTab({ versions, path, query }) {
  const numbers = versions.map(({ version }) => version);
  const [newest, before = newest] = numbers;
  const from = Number(query.from ?? before);
  const to = Number(query.to ?? newest);
  return html`
    <${Table} label="Versions" columns=${COLUMNS} rows=${versions} rowKey="version" onOpen=${openVersion} />
    ${versions.length === 1 ? html`<p class="muted">
      There is one version, so there is nothing to compare. Each change that you publish is another one.
    </p>` : html`
      <h2>Compare</h2>
      <p class="actions">
        <${Choice} label="Version before" value=${from} options=${numbers}
          onPick=${(/** @type {string} */ from) => setQuery({ from })} />
        <${Choice} label="Version after" value=${to} options=${numbers}
          onPick=${(/** @type {string} */ to) => setQuery({ to })} />
      </p>
      <${VersionDiff} path=${path} from=${from} to=${to} />`}`;
}

const COLUMNS = [
  { key: 'version', title: 'Version', width: '80px', at: 'name', numeric: true },
  { key: 'label', title: 'Label', width: '120px', at: 'about' },
  { key: 'state', title: 'State', width: '110px', at: 'state', render: stateCell },
  { key: 'steps', title: 'Steps', width: '70px', numeric: true },
  timeColumn('publishedAt', 'Published', 'when'),
  { key: 'publishedBy', title: 'By', width: 'minmax(100px, 1fr)', at: 'more' },
];

/** @param {any} row */
function stateCell({ inForce, disabled }) {
  if (disabled) return html`<${Status} value="disabled" />`;
  return inForce ? 'in force' : html`<span class="muted">earlier</span>`;
}

/** @param {any} row */
function openVersion({ version }) {
  setQuery({ version: String(version), tab: 'graph' }, { replace: false });
}

/**
 * The differences between two versions: in the graph, step by step, and in the documents.
 *
 * @param {{path: string, from: number, to: number}} props
 */
function VersionDiff({ path, from, to }) {
  const diff = useGet(`${path}/diff`, { from, to });
  const graphs = [useGet(`${path}/graph`, { version: from }), useGet(`${path}/graph`, { version: to })];
  const documents = [useGet(`${path}/versions/${from}`), useGet(`${path}/versions/${to}`)];
  const [before, after] = documents.map(({ data }) => data?.definition);
  return html`<${Loaded} of=${diff}>${(/** @type {any} */ { same, steps }) => (same
    ? html`<p>Both versions are the same.</p>`
    : html`
      <${StepChanges} steps=${steps} />
      <${Loaded} of=${graphs[0]}>${(/** @type {any} */ graphBefore) => html`
        <${Loaded} of=${graphs[1]}>${(/** @type {any} */ graphAfter) => html`
          <${MarkedGraph} before=${graphBefore} after=${graphAfter} steps=${steps} />`}<//>`}<//>
      <h3>Documents</h3>
      ${before && after && html`<${JsonDiff} before=${before} after=${after} />`}`)}<//>`;
}

/** @param {{steps: any}} props */
function StepChanges({ steps }) {
  const { added, removed, changed, reordered } = steps;
  const rows = [
    ...added.map((/** @type {string} */ id) => ({ id, mark: 'added' })),
    ...removed.map((/** @type {string} */ id) => ({ id, mark: 'removed' })),
    ...changed.map((/** @type {any} */ { id, changes }) => ({
      id, mark: 'changed', members: changes.map((/** @type {any} */ { member }) => member).join(', '),
    })),
  ];
  return html`<ul aria-label="Steps that differ">
    ${rows.map(({ id, mark, members }) => html`<li key=${id} class="diff-${mark}">
      ${SIGNS[mark]} <strong>${id}</strong> ${mark}${members && html`: ${members}`}
    </li>`)}
    ${reordered && html`<li>⇅ The steps that both versions have are in another order.</li>`}
    ${rows.length === 0 && !reordered && html`<li>No step differs, other members do.</li>`}
  </ul>`;
}

/** @type {Record<string, string>} */
const SIGNS = { added: '+', removed: '−', changed: '≠' };

/** @param {{before: any, after: any, steps: any}} props */
function MarkedGraph({ before, after, steps }) {
  const { nodes, edges } = useMemo(() => merged(before, after, steps), [before, after, steps]);
  return html`<${Graph} nodes=${nodes} edges=${edges} />`;
}

/**
 * Return one graph with the steps and edges of two versions, marked where they differ.
 *
 * @param {any} before
 * @param {any} after
 * @param {any} steps The differences between the steps.
 */
function merged(before, after, steps) {
  const removed = before.nodes.filter((/** @type {any} */ { id }) => steps.removed.includes(id));
  const changed = steps.changed.map((/** @type {any} */ { id }) => id);
  const marks = new Map([
    ...steps.added.map((/** @type {string} */ id) => [id, 'added']),
    ...steps.removed.map((/** @type {string} */ id) => [id, 'removed']),
    ...changed.map((/** @type {string} */ id) => [id, 'changed']),
  ]);
  const nodes = [...after.nodes, ...removed].map((node) => {
    const mark = marks.get(node.id);
    return { ...drawnNode(node), status: mark, note: mark };
  });
  const edgesBefore = new Set(before.edges.map(edgeKey));
  const edgesAfter = new Set(after.edges.map(edgeKey));
  const edges = [
    ...after.edges.map((/** @type {any} */ edge) => (edgesBefore.has(edgeKey(edge)) ? edge : marked(edge, 'added'))),
    ...before.edges.filter((/** @type {any} */ edge) => !edgesAfter.has(edgeKey(edge)))
      .map((/** @type {any} */ edge) => marked(edge, 'removed')),
  ];
  return { nodes, edges };
}

/** @param {{from: string, to: string, label?: string, condition?: string}} edge */
function edgeKey({ from, to, label, condition = label }) {
  return JSON.stringify([from, to, condition]);
}

/**
 * @param {{from: string, to: string, label?: string}} edge
 * @param {string} mark
 */
function marked(edge, mark) {
  return { ...edge, label: edge.label ? `${edge.label}, ${mark}` : mark };
}

/** The version's own document; other APIs show the version in force. */
const OWN = 'document';
const DRAWINGS = ['mermaid', 'dot'];

/**
 * The document of a version, and the definition as each API of the server writes it.
 *
 * @param {import('./definitions.js').Shown} props
 */
export function SourceTab({ definition, document, path, version, query }) {
  const apis = useGet('/openapi');
  const chosen = String(query.words ?? OWN);
  const writers = (apis.data?.apis ?? []).filter((/** @type {any} */ api) => api.definitions);
  const forms = [
    [OWN, 'document of Baton'],
    ...writers.map((/** @type {any} */ { name, title }) => [name, name === 'baton' ? 'answer of Baton’s own API' : title]),
    ['mermaid', 'graph for Mermaid'], ['dot', 'graph for Graphviz'],
  ];
  return html`
    <${Choice} label="Written as" value=${chosen} options=${forms}
      onPick=${(/** @type {string} */ words) => setQuery({ words })} />
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
    <pre tabindex="0">${text}</pre>`}<//>`;
}

/** @param {{path: string, dialect: string, old: number | false}} props */
function Elsewhere({ path, dialect, old }) {
  const source = useGet(`${path}/source`, { dialect });
  return html`${old && html`<${Notice}>Other APIs show version ${old}, which is in force.<//>`}
    <${Loaded} of=${source}>${(/** @type {any} */ { path: address, document }) => html`
      <p class="muted">GET <code>${address}</code>
        <${CopyButton} text=${curlLine('GET', address)} label="curl line" /></p>
      <${JsonTree} value=${document} label="Definition" />`}<//>`;
}
