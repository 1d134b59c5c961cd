/** One definition: its steps, triggers, versions and statistics, and what starts its runs. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { PAST } from '../../components/actions.js';
import { cliLine, CopyButton, curlLine } from '../../components/copy.js';
import { JsonText, newKey, parseJson } from '../../components/json_text.js';
import { Failure, Lazy, Loaded, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons, Tabs } from '../../components/panes.js';
import { Status } from '../../components/values.js';

const MOST_VERSIONS = 500;
const EVERY_MS = 10_000;
const TABS = [
  { id: 'graph', label: 'Graph', load: async () => (await import('./steps.js')).GraphTab },
  { id: 'steps', label: 'Steps', load: async () => (await import('./steps.js')).StepsTab },
  { id: 'triggers', label: 'Triggers', load: async () => (await import('./starts.js')).TriggersTab },
  { id: 'versions', label: 'Versions', load: async () => (await import('./versions.js')).VersionsTab },
  { id: 'statistics', label: 'Statistics', load: async () => (await import('./starts.js')).StatsTab },
  { id: 'explain', label: 'Explain', load: async () => (await import('./starts.js')).ExplainTab },
  { id: 'source', label: 'Source', load: async () => (await import('./versions.js')).SourceTab },
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
        <${Lazy} key=${tab.id} load=${tab.load} definition=${definition} version=${version}
          versions=${versions} document=${document} path=${path} query=${query} />
      `}<//>
    </div>`;
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

/**
 * @param {{definition: any, version: number, open: boolean, onClose: () => void}} props
 */
function StartRun({ definition, version, open, onClose }) {
  const [input, setInput] = useState('{}');
  const [correlationId, setCorrelationId] = useState('');
  const { starting, error, start } = useStart();
  const { value = {}, error: fault } = parseJson(input);
  const body = {
    definition: definition.slug,
    input: value,
    ...(version === definition.version ? {} : { version }),
    ...(correlationId === '' ? {} : { correlationId }),
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (fault === undefined) start(body);
  };
  return html`<${Dialog} title="Start a run of ${definition.slug}" open=${open} onClose=${onClose}>
    <form onSubmit=${submit}>
      <p class="muted">The run starts in version ${version}.</p>
      <${JsonText} label="Input (JSON)" value=${input} onInput=${setInput} />
      <label>Correlation id (optional)
        <input type="text" maxlength="200" value=${correlationId}
          onInput=${(/** @type {any} */ { target }) => setCorrelationId(target.value)} /></label>
      ${error && html`<${Failure} error=${error} />`}
      <${DialogButtons} onClose=${onClose}>
        ${fault === undefined && html`
          <${CopyButton} text=${() => curlLine('POST', '/runs', body)} label="curl line">curl<//>
          ${body.version === undefined && html`<${CopyButton} text=${() => startLine(body)}
            label="command line">CLI<//>`}`}
        <button type="submit" class="primary" disabled=${starting || fault !== undefined}
          title=${fault === undefined ? '' : 'The input isn’t valid JSON.'}>Start the run</button>
      <//>
    </form>
  <//>`;
}

/** The request that starts a run; a repeated click or a lost answer starts no second one. */
function useStart() {
  const [key, setKey] = useState(newKey);
  const [state, setState] = useState(/** @type {{starting: boolean, error?: any}} */ ({ starting: false }));
  const start = async (/** @type {object} */ body) => {
    setState({ starting: true });
    try {
      const { data } = await send('POST', '/runs', body, { key });
      navigate(`/runs/${data.id}`);
    } catch (error) {
      const { status = 0 } = /** @type {any} */ (error);
      if (status !== 0) setKey(newKey()); // the request was refused: a changed one is another
      setState({ starting: false, error });
    }
  };
  return { ...state, start };
}

/** @param {{definition: string, input: any, correlationId?: string}} body */
function startLine({ definition, input, correlationId }) {
  const options = correlationId === undefined ? [] : ['--correlation-id', correlationId];
  return cliLine('runs', 'start', definition, '--input', JSON.stringify(input), ...options);
}
