/** The list of definitions, and one of them: what its tabs share, and the dialog that starts a run. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { Action, whyNow } from '../../components/actions.js';
import { cliLine, CopyButton, curlLine } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Choice, Field, FormDialog, JsonText, newKey, parseJson } from '../../components/forms.js';
import { Empty, Lazy, Loaded, Notice } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { statusColumn, Table, timeColumn } from '../../components/table.js';
import { formatCount, signOf, Status } from '../../components/values.js';
import { triggersText } from '../schedules/timetables.js';

const PAGE = 100;
/** The most that the server lists at once. */
const MOST = 500;
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
  const [limit, setLimit] = useState(PAGE);
  const { q, status } = query;
  const asked = { q, status, lastRuns: LAST_RUNS, limit };
  const found = useGet('/definitions', asked, { topics: ['runs'], everyMs: EVERY_MS });
  const filtered = q !== undefined || status !== undefined;
  return html`<section class="page">
    <header class="page-head"><h1>Definitions</h1>
      ${found.data && html`<span class="count">${formatCount(found.data.total)}</span>`}
    </header>
    <${FilterBar} filters=${FILTERS} />
    <${Loaded} of=${found}>${(/** @type {any} */ { definitions, total }) => html`
      ${total === 0 && (filtered ? html`<${NoneMatches} />` : html`<${First} />`)}
      ${total > 0 && html`<${Table} label="Definitions" columns=${COLUMNS} rows=${definitions}
        total=${Math.min(total, MOST)} onOpen=${open}
        onEnd=${() => setLimit((before) => Math.min(before + PAGE, MOST))} />`}
      ${total > MOST && html`<p class="muted">The list shows the first ${MOST}.
        Name the beginning of a slug to find others.</p>`}
    `}<//>
  </section>`;
}

Definitions.title = () => 'Definitions';

const COLUMNS = [
  { key: 'slug', title: 'Slug', width: 'minmax(140px, 2fr)', render: slugCell },
  { key: 'name', title: 'Name', width: 'minmax(120px, 2fr)' },
  statusColumn('status', 'Status', '96px'),
  { key: 'version', title: 'Version', width: '72px', numeric: true },
  { key: 'trigger', title: 'Starts', width: 'minmax(160px, 2fr)', render: startsCell },
  { key: 'lastRuns', title: 'Last runs', width: '140px', render: runsCell },
  timeColumn('updatedAt', 'Changed'),
];

/** @param {any} row */
function slugCell({ slug }) {
  return html`<a href=${href(`/definitions/${slug}`)}>${slug}</a>`;
}

/** @param {any} row */
function startsCell({ trigger }) {
  const text = triggersText(trigger);
  return html`<span title=${text}>${text}</span>`;
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

/** @param {any} row */
function open({ slug }) {
  navigate(`/definitions/${slug}`);
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
  return html`<section class="page">
    ${(definition.data === undefined || versions.data === undefined) && html`<h1>Definition ${params.id}</h1>`}
    <${Loaded} of=${definition}>${(/** @type {any} */ found) => html`
      <${Loaded} of=${versions}>${(/** @type {any} */ page) => html`
        <${OfVersion} definition=${found} versions=${page.versions} path=${path} query=${query} />
      `}<//>
    `}<//>
  </section>`;
}

/** @param {{params: Record<string, string>}} props */
Definition.title = ({ params }) => `Definition ${params.id}`;

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
    <${Choice} label="Version" value=${version} options=${versions.map(versionOption)} onPick=${pickVersion} />
    <span class="muted">id ${id} <${CopyButton} text=${id} label="id" /></span>
    <span class="muted">changed <${Time} at=${updatedAt} /> by ${updatedBy}</span>
    <${Actions} definition=${definition} version=${version} />
  </header>
  ${description && html`<p class="muted">${description}</p>`}`;
}

/**
 * The button that starts a run, and links to the tests and the runs of a definition.
 *
 * @param {{definition: any, version: number}} props
 */
function Actions({ definition, version }) {
  const [starting, setStarting] = useState(false);
  const { slug, status } = definition;
  return html`<span class="actions">
    ${may('orchestrator:write') && html`<${Action} primary label="Start a run…" onAct=${() => setStarting(true)}
      why=${whyNow(status === 'paused' && 'The definition is paused. Activate it to start runs.')} />`}
    <a class="button" href=${href(`/definitions/${slug}/test`)}>Test</a>
    <a class="button" href=${href('/runs', { definition: slug })}>Runs</a>
    <${StartRun} definition=${definition} version=${version} open=${starting}
      onClose=${() => setStarting(false)} />
  </span>`;
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
