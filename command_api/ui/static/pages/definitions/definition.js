/** One definition: its steps, triggers, versions and statistics, and what starts its runs. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { href, readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { PAST } from '../../components/actions.js';
import { CopyButton } from '../../components/copy.js';
import { Failure, Loaded, Loading, Notice } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { Status } from '../../components/values.js';
import { StartRun } from './start_run.js';

const MOST_VERSIONS = 500;
const EVERY_MS = 10_000;
const TABS = [
  { id: 'graph', label: 'Graph', load: () => import('./tabs/graph_tab.js') },
  { id: 'steps', label: 'Steps', load: () => import('./tabs/steps_tab.js') },
  { id: 'triggers', label: 'Triggers', load: () => import('./tabs/triggers_tab.js') },
  { id: 'versions', label: 'Versions', load: () => import('./tabs/versions_tab.js') },
  { id: 'statistics', label: 'Statistics', load: () => import('./tabs/stats_tab.js') },
  { id: 'explain', label: 'Explain', load: () => import('./tabs/explain_tab.js') },
  { id: 'source', label: 'Source', load: () => import('./tabs/source_tab.js') },
];

/**
 * @typedef {{definition: any, version: number, versions: any[], document: any, path: string,
 *   query: import('../../core/router.js').Query}} Shown What every tab shows: the definition in force,
 *   and the chosen version with its document. `path` is that of the definition in the API.
 */

/** @param {{params: Record<string, string>}} props */
export const title = ({ params }) => `Definition ${params.id}`;

/** @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props */
export default function Definition({ params, query }) {
  const path = `/definitions/${encodeURIComponent(params.id)}`;
  const definition = useGet(path, {}, { everyMs: EVERY_MS });
  const versions = useGet(`${path}/versions`, { limit: MOST_VERSIONS }, { everyMs: EVERY_MS });
  return html`<section class="page">
    ${(definition.data === undefined || versions.data === undefined) && html`<h1>Definition ${params.id}</h1>`}
    <${Loaded} of=${definition}>${(/** @type {any} */ found) => html`
      <${Loaded} of=${versions}>${(/** @type {any} */ page) => html`
        <${OfVersion} definition=${found} versions=${page.versions} path=${path} query=${query} />
      `}<//>
    `}<//>
  </section>`;
}

/** @param {{definition: any, versions: any[], path: string, query: any}} props */
function OfVersion({ definition, versions, path, query }) {
  const version = Number(query.version ?? definition.version);
  const whole = useGet(`${path}/versions/${version}`);
  const tab = TABS.find(({ id }) => id === query.tab) ?? TABS[0];
  return html`
    <${Head} definition=${definition} version=${version} versions=${versions} />
    ${version !== definition.version && html`<${Notice}>
      You see version ${version}. New runs start in version ${definition.version}.
    <//>`}
    <${Tabs} tabs=${TABS} current=${tab.id} label="Views of the definition"
      onPick=${(/** @type {string} */ id) => setQuery({ tab: id })} />
    <div role="tabpanel" class="tab-panel">
      <${Loaded} of=${whole}>${(/** @type {any} */ { definition: document }) => html`
        <${Panel} key=${tab.id} load=${tab.load} shown=${{
          definition, version, versions, document, path, query,
        }} />
      `}<//>
    </div>`;
}

/** @param {{load: () => Promise<{default: any}>, shown: Shown}} props */
function Panel({ load, shown }) {
  const [panel, setPanel] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  useEffect(() => {
    load().then((module) => setPanel(() => module.default), setError);
  }, [load]);
  if (error !== null) return html`<${Failure} error=${error} />`;
  return panel === null ? html`<${Loading} />` : html`<${panel} ...${shown} />`;
}

/** @param {{definition: any, version: number, versions: any[]}} props */
function Head({ definition, version, versions }) {
  const { id, slug, name, description, status, updatedAt, updatedBy } = definition;
  return html`<header class="page-head">
    <h1>${slug}</h1>
    <span>${name}</span>
    <${Status} value=${status} />
    <label>Version <select value=${String(version)} onChange=${pickVersion}>
      ${versions.map(({ version: number, label, inForce }) => html`<option value=${String(number)}>
        ${number}${label === String(number) ? '' : ` (${label})`}${inForce ? ', in force' : ''}
      </option>`)}
    </select></label>
    <span class="muted">id ${id} <${CopyButton} text=${id} label="id" /></span>
    <span class="muted">changed <${Time} at=${updatedAt} /> by ${updatedBy}</span>
    <${Actions} definition=${definition} version=${version} />
  </header>
  ${description && html`<p class="muted">${description}</p>`}`;
}

/** @param {{definition: any, version: number}} props */
function Actions({ definition, version }) {
  const [starting, setStarting] = useState(false);
  const { slug, status } = definition;
  const why = startRefused(status);
  return html`<span class="actions">
    ${may('orchestrator:write') && html`<button type="button" class="primary" disabled=${why !== ''}
      title=${why} onClick=${() => setStarting(true)}>Start a run…</button>`}
    <a class="button" href=${href(`/definitions/${slug}/test`)}>Test</a>
    <a class="button" href=${href('/runs', { definition: slug })}>Runs</a>
    <${StartRun} definition=${definition} version=${version} open=${starting}
      onClose=${() => setStarting(false)} />
  </span>`;
}

/**
 * Return the reason why no run can be started, or nothing.
 *
 * @param {string} status
 */
function startRefused(status) {
  if (readOnly.value) return PAST;
  return status === 'paused' ? 'The definition is paused. Activate it to start runs.' : '';
}

/** @param {Event} event */
function pickVersion({ target }) {
  setQuery({ version: /** @type {HTMLSelectElement} */ (target).value }, { replace: false });
}
