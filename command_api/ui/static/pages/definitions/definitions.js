/** The list of definitions, and one of them: what its tabs share, and the dialog that starts a run. */
import { html, useState } from '../../vendor/preact.js';
import { get, send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { Action, mayChange, whyNow } from '../../components/actions.js';
import { cliLine, CopyButton, curlLine } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Choice, Field, FormDialog, JsonText, newKey, parseJson, useAct } from '../../components/forms.js';
import { List, useList } from '../../components/list.js';
import { Empty, Failure, Lazy, Loaded, Notice } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { statusColumn, timeColumn } from '../../components/table.js';
import { formatCount, signOf, Status } from '../../components/values.js';
import { triggersText } from '../schedules/timetables.js';

const LAST_RUNS = 5;
const EVERY_MS = 10_000;
const FILTERS = [
  { name: 'q', label: 'Slug begins with', kind: 'text' },
  { name: 'status', label: 'Status', kind: 'choices', options: ['active', 'draft', 'paused'] },
];

/**
 * The list of definitions.
 *
 * @param {{query: import('../../core/router.js').Query}} props
 */
export function Definitions({ query }) {
  const { q, status } = query;
  const asked = { q, status, lastRuns: LAST_RUNS };
  const definitions = useList('/definitions', asked, 'definitions', { topics: ['runs'], everyMs: EVERY_MS });
  const filtered = q !== undefined || status !== undefined;
  return html`
    <header class="page-head"><h1>Definitions</h1>
      ${definitions.rows && html`<span class="count">${formatCount(definitions.total)}</span>`}
    </header>
    <${FilterBar} filters=${FILTERS} />
    <${List} of=${definitions} label="Definitions" columns=${COLUMNS} links
      empty=${filtered ? html`<${NoneMatches} />` : html`<${First} />`}>
      Name the beginning of a slug to find others.<//>`;
}

Definitions.title = () => 'Definitions';

const COLUMNS = [
  { key: 'slug', title: 'Slug', width: 'minmax(140px, 2fr)', at: 'name', render: slugCell },
  { key: 'name', title: 'Name', width: 'minmax(120px, 2fr)' },
  statusColumn('status', 'Status', '96px'),
  { key: 'version', title: 'Version', width: '72px', at: 'more', numeric: true },
  { key: 'trigger', title: 'Starts', width: 'minmax(160px, 2fr)', at: 'about', render: (/** @type {any} */ { trigger }) => triggersText(trigger) },
  { key: 'lastRuns', title: 'Last runs', width: '140px', render: runsCell },
  timeColumn('updatedAt', 'Changed', 'when'),
];

/** @param {any} row */
function slugCell({ slug }) {
  return html`<a href=${href(`/definitions/${slug}`)}>${slug}</a>`;
}

/** @param {any} row */
function runsCell({ lastRuns = [] }) {
  if (lastRuns.length === 0) return html`<span class="muted">none yet</span>`;
  return lastRuns.map((/** @type {any} */ { id, status }) => {
    const { icon, tone } = signOf(status);
    return html`<a key=${id} class="last-run tone-${tone}" href=${href(`/runs/${id}`)}
      title="Run ${id}: ${status}" aria-label="Run ${id}: ${status}">${icon}</a>`;
  });
}

function NoneMatches() {
  return html`<${Empty} title="No definition matches the filters">
    <p>Remove a filter to see more definitions.</p>
  <//>`;
}

function First() {
  const line = 'baton definitions apply FILE';
  return html`<${Empty} title="There is no definition yet">
    <p>A definition is a file in JSON or YAML. Apply it from the command line:</p>
    <p><code>${line}</code> <${CopyButton} text=${line} label="line" /></p>
  <//>`;
}

const MOST_VERSIONS = 500;
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

/**
 * One definition: its steps, triggers, versions and statistics, and what starts its runs.
 *
 * @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props
 */
export function Definition({ params, query }) {
  const path = `/definitions/${encodeURIComponent(params.id)}`;
  const definition = useGet(path, {}, { everyMs: EVERY_MS });
  const versions = useGet(`${path}/versions`, { limit: MOST_VERSIONS }, { everyMs: EVERY_MS });
  return html`
    <${Loaded} of=${definition} title="Definition ${params.id}">${(/** @type {any} */ data) => html`
      <${Loaded} of=${versions} title=${data.slug}>${(/** @type {any} */ page) => html`
        <${OfVersion} definition=${data} versions=${page.versions} path=${path} query=${query} onChanged=${definition.reload} />
      `}<//>
    `}<//>`;
}

/** @param {{params: Record<string, string>}} props */
Definition.title = ({ params }) => `Definition ${params.id}`;

/** @param {{definition: any, versions: any[], path: string, query: any, onChanged: () => void}} props */
function OfVersion({ definition, versions, path, query, onChanged }) {
  const version = Number(query.version ?? definition.version);
  const whole = useGet(`${path}/versions/${version}`);
  const tab = TABS.find(({ id }) => id === query.tab) ?? TABS[0];
  return html`
    <${Head} definition=${definition} version=${version} versions=${versions} onChanged=${onChanged} />
    ${version !== definition.version && html`<${Notice}>
      You see version ${version}. New runs start in version ${definition.version}.
    <//>`}
    <${Tabs} tabs=${TABS} current=${tab.id} label="Views of the definition"
      onPick=${(/** @type {string} */ id) => setQuery({ tab: id })} />
    <div role="tabpanel">
      <${Loaded} of=${whole}>${(/** @type {any} */ { definition: document }) => html`
        <${Lazy} key=${tab.id} load=${tab.load} definition=${definition} version=${version}
          versions=${versions} document=${document} path=${path} query=${query} />
      `}<//>
    </div>`;
}

/** @param {{definition: any, version: number, versions: any[], onChanged: () => void}} props */
function Head({ definition, version, versions, onChanged }) {
  const { id, slug, name, description, status, updatedAt, updatedBy } = definition;
  return html`<header class="page-head">
    <h1>${slug}</h1>
    <span>${name}</span>
    <${Status} value=${status} />
    <${Choice} label="Version" value=${version} options=${versions.map(versionOption)} onPick=${pickVersion} />
    <${Actions} definition=${definition} version=${version} onChanged=${onChanged} />
  </header>
  <div class="muted">id ${id} <${CopyButton} text=${id} label="id" /> changed <${Time} at=${updatedAt} /> by ${updatedBy}</div>
  ${description && html`<p class="muted">${description}</p>`}`;
}

/**
 * The buttons that start a run, pause and activate a definition, and links to its tests and runs.
 *
 * @param {{definition: any, version: number, onChanged: () => void}} props
 */
function Actions({ definition, version, onChanged }) {
  const [starting, setStarting] = useState(false);
  const { slug, status } = definition;
  return html`<span class="actions" data-actions>
    ${may('orchestrator:write') && html`<${Action} primary label="Start a run…" onAct=${() => setStarting(true)}
      why=${whyNow(status === 'paused' && 'The definition is paused. Activate it to start runs.')} />`}
    ${mayChange() && html`<${Activity} definition=${definition} onChanged=${onChanged} />`}
    <a class="button" href=${href(`/definitions/${slug}/test`)}>Test</a>
    <a class="button" href=${href('/runs', { definition: slug })}>Runs</a>
    <${StartRun} definition=${definition} version=${version} open=${starting}
      onClose=${() => setStarting(false)} />
  </span>`;
}

/**
 * The button that pauses an active definition, after a question, or activates another one.
 *
 * @param {{definition: any, onChanged: () => void}} props
 */
function Activity({ definition: { id, slug, status }, onChanged }) {
  const [asking, setAsking] = useState(false);
  const { busy, failure, act } = useAct();
  const change = (/** @type {string} */ wanted) => async () => {
    const path = `/definitions/${id}`;
    const { data } = await get(path);
    await send('PUT', path, { ...data, status: wanted });
    setAsking(false);
    onChanged();
  };
  if (status !== 'active') {
    return html`<${Action} label="Activate" busy=${busy} onAct=${() => act(change('active'))} /><${Failure} error=${failure} />`;
  }
  return html`<${Action} label="Pause…" onAct=${() => setAsking(true)} />
    <${FormDialog} title="Pause ${slug}" label="Pause the definition" open=${asking} onClose=${() => setAsking(false)} onAct=${change('paused')}>
      <p>No event, tick, call or request starts a run of it until it is active again. Runs that have started go on.</p>
    <//>`;
}

/** @param {string} version */
function pickVersion(version) {
  setQuery({ version }, { replace: false });
}

/** @param {any} version */
function versionOption({ version, label, inForce }) {
  return [version, `${version}${label === String(version) ? '' : ` (${label})`}${inForce ? ', in force' : ''}`];
}

/**
 * The dialog that starts a run by hand.
 *
 * @param {{definition: any, version: number, open: boolean, onClose: () => void}} props
 */
function StartRun({ definition, version, open, onClose }) {
  const [input, setInput] = useState('{}');
  const [correlationId, setCorrelationId] = useState('');
  const [key, setKey] = useState(newKey);
  const { value = {}, error: fault } = parseJson(input);
  const body = {
    definition: definition.slug,
    input: value,
    ...(version === definition.version ? {} : { version }),
    ...(correlationId === '' ? {} : { correlationId }),
  };
  // A repeated click or a lost answer starts no second run.
  const start = async () => {
    try {
      const { data } = await send('POST', '/runs', body, { key });
      navigate(`/runs/${data.id}`);
    } catch (error) {
      const { status = 0 } = /** @type {any} */ (error);
      if (status !== 0) setKey(newKey()); // the request was refused: a changed one is another
      throw error;
    }
  };
  return html`<${FormDialog} title="Start a run of ${definition.slug}" label="Start the run" open=${open}
    off=${fault !== undefined && 'The input isn’t valid JSON.'} onClose=${onClose} onAct=${start}
    buttons=${fault === undefined && html`
      <${CopyButton} text=${() => curlLine('POST', '/runs', body)} label="curl line">curl<//>
      ${body.version === undefined && html`<${CopyButton} text=${() => startLine(body)} label="command line">CLI<//>`}`}>
    <p class="muted">The run starts in version ${version}.</p>
    <${JsonText} label="Input (JSON)" value=${input} onInput=${setInput} />
    <${Field} label="Correlation id (optional)" maxlength="200" value=${correlationId} onInput=${setCorrelationId} />
  <//>`;
}

/** @param {{definition: string, input: any, correlationId?: string}} body */
function startLine({ definition, input, correlationId }) {
  const options = correlationId === undefined ? [] : ['--correlation-id', correlationId];
  return cliLine('runs', 'start', definition, '--input', JSON.stringify(input), ...options);
}
