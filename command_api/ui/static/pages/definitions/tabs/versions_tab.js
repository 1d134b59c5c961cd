/** The versions of a definition, and what differs between two of them. */
import { html } from '../../../vendor/preact.js';
import { setQuery } from '../../../core/router.js';
import { Time } from '../../../core/time.js';
import { Table } from '../../../components/table.js';
import { Status } from '../../../components/values.js';
import { VersionDiff } from './version_diff.js';

/** @param {import('../definition.js').Shown} props */
export default function VersionsTab({ versions, path, query }) {
  const [newest, before = newest] = versions.map(({ version }) => version);
  const from = Number(query.from ?? before);
  const to = Number(query.to ?? newest);
  return html`
    <${Table} label="Versions" columns=${COLUMNS} rows=${versions} rowKey=${versionKey}
      onOpen=${openVersion} />
    ${versions.length === 1 ? html`<p class="muted">
      There is one version, so there is nothing to compare. Each change that you publish is another one.
    </p>` : html`
      <h2>Compare</h2>
      <p class="actions">
        <${Choice} name="from" label="Version before" value=${from} versions=${versions} />
        <${Choice} name="to" label="Version after" value=${to} versions=${versions} />
      </p>
      <${VersionDiff} path=${path} from=${from} to=${to} />`}`;
}

const COLUMNS = [
  { key: 'version', title: 'Version', width: '80px', numeric: true },
  { key: 'label', title: 'Label', width: '120px' },
  { key: 'state', title: 'State', width: '110px', render: stateCell },
  { key: 'steps', title: 'Steps', width: '70px', numeric: true },
  { key: 'publishedAt', title: 'Published', width: 'minmax(250px, 1fr)', render: publishedCell },
  { key: 'publishedBy', title: 'By', width: 'minmax(100px, 1fr)' },
];

/** @param {any} row */
function versionKey({ version }) {
  return String(version);
}

/** @param {any} row */
function stateCell({ inForce, disabled }) {
  if (disabled) return html`<${Status} value="disabled" />`;
  return inForce ? 'in force' : html`<span class="muted">earlier</span>`;
}

/** @param {any} row */
function publishedCell({ publishedAt }) {
  return html`<${Time} at=${publishedAt} />`;
}

/** @param {any} row */
function openVersion({ version }) {
  setQuery({ version: String(version), tab: 'graph' }, { replace: false });
}

/** @param {{name: string, label: string, value: number, versions: any[]}} props */
function Choice({ name, label, value, versions }) {
  const pick = (/** @type {any} */ { target }) => setQuery({ [name]: target.value });
  return html`<label>${label} <select value=${String(value)} onChange=${pick}>
    ${versions.map(({ version }) => html`<option value=${String(version)}>${version}</option>`)}
  </select></label>`;
}
