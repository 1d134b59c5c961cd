/** The page of one run: its head, a tab of it, and the steps that are open beside the tab. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, readOnly, setQuery, values } from '../../core/router.js';
import { formatDuration, formatInstant, now, Time } from '../../core/time.js';
import { Action, mayChange, Menu } from '../../components/actions.js';
import { cliLine, copy, CopyButton, curlLine } from '../../components/copy.js';
import { useAct } from '../../components/forms.js';
import { Failure, Lazy, Loading, Notice, say } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { Status } from '../../components/values.js';
import { useTimeline } from './rows.js';

/** The modules of the tabs and of what opens beside them are read when they are needed. */
const TABS = /** @type {Record<string, {label: string, load: () => Promise<any>}>} */ ({
  graph: { label: 'Graph', load: async () => (await import('./graph_tab.js')).GraphTab },
  timeline: { label: 'Timeline', load: async () => (await import('./timeline_tab.js')).TimelineTab },
  events: { label: 'Events', load: async () => (await import('./events_tab.js')).EventsTab },
  input: { label: 'Input', load: async () => (await import('./data_tabs.js')).DataTab },
  explain: { label: 'Explain', load: async () => (await import('./data_tabs.js')).ExplainTab },
  audit: { label: 'Audit', load: async () => (await import('./data_tabs.js')).AuditTab },
});
const STEP_PANE = async () => (await import('./step_pane.js')).StepPane;
const RERUN_DIALOG = async () => (await import('./dialogs.js')).RerunDialog;

/** @param {import('../../core/router.js').Route} route */
export function RunPage({ params, query }) {
  const { id } = params;
  const topics = [`run:${id}`];
  // A comma alone asks for no part: neither data nor steps.
  const { data, error, reload } = useGet(`/runs/${encodeURIComponent(id)}`, { fields: ',' }, { topics });
  const timeline = useTimeline(id);
  const [rerun, setRerun] = useState(/** @type {{stepId: string, visit: number} | boolean} */ (false));
  useEffect(() => setRerun(false), [id]);
  const tab = typeof query.tab === 'string' && query.tab in TABS ? query.tab : 'graph';
  useEffect(() => { TABS[tab].load().catch(() => undefined); }, [tab]); // while the run is read
  const run = data?.id === id ? data : undefined;
  const rerunFrom = (/** @type {string} */ stepId, /** @type {number} */ visit) => setRerun({ stepId, visit });
  const changed = () => {
    reload();
    timeline.reload();
  };
  return html`
    ${run === undefined && html`<h1>Run ${id}</h1>`}
    <${Failure} error=${error} onRetry=${reload} />
    <${Failure} error=${error ? null : timeline.error} onRetry=${timeline.reload} />
    ${run === undefined ? !error && html`<${Loading} />` : html`
      <${RunHeader} run=${run} onChanged=${changed} onRerun=${() => setRerun(true)} />
      <${RunTabs} current=${tab} />
      <div class="split">
        <div role="tabpanel" aria-label=${TABS[tab].label}>
          <${Lazy} key=${tab} load=${TABS[tab].load} run=${run} runId=${id} timeline=${timeline} query=${query}
            onRerun=${rerunFrom} />
        </div>
        <${OpenSteps} run=${run} timeline=${timeline} query=${query} onRerun=${rerunFrom} />
      </div>
      ${rerun && html`<${Lazy} load=${RERUN_DIALOG} run=${run} from=${rerun === true ? null : rerun}
        steps=${[...new Set(timeline.rows.map((row) => row.stepId))]} onClose=${() => setRerun(false)} />`}`}`;
}

/** @param {import('../../core/router.js').Route} route */
RunPage.title = ({ params }) => `Run ${params.id}`;

/** Parameters that mean something in one tab only. */
const OF_A_TAB = { only: '', event: '', stepId: '', from: '', to: '', next: '' };

/** @param {{current: string}} props */
function RunTabs({ current }) {
  const tabs = Object.entries(TABS).map(([id, { label }]) => ({ id, label }));
  return html`<${Tabs} label="Parts of the run" tabs=${tabs} current=${current}
    onPick=${(/** @type {string} */ tab) => setQuery({ ...OF_A_TAB, tab: tab === 'graph' ? '' : tab }, { replace: false })} />`;
}

/**
 * @param {{run: any, timeline: import('./rows.js').TimelineState,
 *   query: import('../../core/router.js').Query, onRerun: (stepId: string, visit: number) => void}} props
 */
function OpenSteps({ run, timeline, query, onRerun }) {
  const opened = values(query, 'step').filter(Boolean);
  if (opened.length === 0) return null;
  return html`<div class="panes">${opened.map((execution) => html`<${Lazy} key=${execution} load=${STEP_PANE}
    run=${run} execution=${execution} rows=${timeline.rows} query=${query} onRerun=${onRerun} />`)}</div>`;
}

/** @param {string} id */
const runHref = (id) => href(`/runs/${encodeURIComponent(id)}`);

/**
 * The head of a run: its status, its trigger, its definition, and its actions.
 *
 * @param {{run: any, onChanged: () => void, onRerun: () => void}} props
 */
function RunHeader({ run, onChanged, onRerun }) {
  const definition = run.slug ?? run.definitionId;
  return html`<header class="run-head">
    <div class="run-line">
      <h1>${run.title ?? definition}</h1>
      <span class="run-id"><code>${run.id}</code> <${CopyButton} text=${run.id} label="id" /></span>
      <${Status} value=${run.status} />
      <${RunActions} run=${run} onChanged=${onChanged} onRerun=${onRerun} />
    </div>
    <div class="run-line muted">
      <a href=${href(`/definitions/${encodeURIComponent(definition)}`, { version: String(run.version) })}>
        ${definition} version ${run.version}</a>
      <span>requested <${Time} at=${run.requestedAt} /> <${TriggerLink} run=${run} /></span>
      <${Length} run=${run} />
      ${run.correlationId && html`<a href=${href('/runs', { correlationId: run.correlationId })}>
        correlation ${run.correlationId}</a>`}
      ${run.rerunId && html`<span>run again as <a href=${runHref(run.rerunId)}>${run.rerunId}</a></span>`}
      ${run.traceId && html`<${Trace} run=${run} />`}
    </div>
    <${Troubles} run=${run} />
  </header>`;
}

/** @param {{run: any}} props */
function Length({ run: { startedAt, completedAt, status } }) {
  if (startedAt === undefined || (completedAt === undefined && readOnly.value)) return null;
  const end = completedAt === undefined ? now.value : Date.parse(completedAt);
  return html`<span>${completedAt === undefined ? `${status} for` : 'took'} ${formatDuration(end - Date.parse(startedAt))}</span>`;
}

/** @param {{run: any}} props */
function Troubles({ run }) {
  const { failure, pause, cancelReason } = run;
  return html`
    ${failure && html`<${Notice} kind="error" title=${failure.code}>
      ${failure.message} ${failure.stepId && html`<span class="muted">at step ${failure.stepId}</span>`}<//>`}
    ${run.hasErrors && !failure && html`<${Notice} kind="warning">The run completed although a step failed.<//>`}
    ${pause && html`<${Notice} kind="warning" title="Paused">by ${pause.by} <${Time} at=${pause.at} />${pause.reason ? `: ${pause.reason}` : ''}<//>`}
    ${cancelReason && html`<${Notice} kind="info" title="Cancelled">${cancelReason}<//>`}`;
}

/** @param {{run: any}} props */
function Trace({ run: { traceId, traceUrl } }) {
  if (traceUrl === undefined) return html`<span>trace <code>${traceId}</code></span>`;
  return html`<a href=${traceUrl} target="_blank" rel="noreferrer">trace ${traceId}</a>`;
}

/**
 * The cause of a run, with a link to it.
 *
 * @param {{run: any}} props
 */
function TriggerLink({ run }) {
  const { trigger, actor } = run;
  switch (trigger.kind) {
    case 'record':
      return html`by <${RecordLink} run=${run} />`;
    case 'schedule':
      return html`by the <a href=${href(`/schedules/${encodeURIComponent(trigger.scheduleId)}`)}>schedule</a>’s
        tick of ${formatInstant(trigger.nominalAt)}`;
    case 'webhook':
      return html`by a call of the webhook <code>${trigger.path}</code>`;
    case 'rerun':
      return html`as a rerun of <a href=${href(`/runs/${encodeURIComponent(trigger.runId)}`)}>${trigger.runId}</a>
        ${trigger.fromStep ? ` from step ${trigger.fromStep}` : ''} by ${actor.subject}`;
    default:
      return html`by ${actor.subject}`;
  }
}

/** @param {{run: any}} props */
function RecordLink({ run: { id, trigger } }) {
  const { data } = useGet(`/runs/${encodeURIComponent(id)}/record`);
  const text = `${trigger.eventType} ${trigger.structure}${trigger.recordId ? ` ${trigger.recordId}` : ''}`;
  if (!data?.record) return html`<span title="event ${trigger.eventId}">${text}</span>`;
  return html`<a href=${href(`/records/${encodeURIComponent(data.record.id)}`)}>${text}</a>`;
}

const REASON = async () => (await import('./dialogs.js')).ReasonDialog;
const RESUME = async () => (await import('./dialogs.js')).ResumeDialog;
const LABELS = { pause: 'Pause…', resume: 'Resume…', retry: 'Retry', cancel: 'Cancel…' };

/** @type {Record<string, () => Promise<any>>} The dialogs of actions that ask something first. */
const ASKS = { cancel: REASON, pause: REASON, resume: RESUME };

/**
 * The actions of a run: the server says which it takes now, and why it refuses the others.
 *
 * @param {{run: any, onChanged: () => void, onRerun: () => void}} props `onChanged` is called after
 *   the server has performed an action.
 */
function RunActions({ run, onChanged, onRerun }) {
  const [asking, setAsking] = useState('');
  const { failure, act: attempt } = useAct();
  const perform = async (/** @type {string} */ action, /** @type {object} */ body = {}) => {
    await send('POST', `/runs/${encodeURIComponent(run.id)}/${action}`, body);
    say(`The run was asked to ${action}.`);
    setAsking('');
    onChanged();
  };
  const act = (/** @type {string} */ action) => (
    action in ASKS ? setAsking(action) : attempt(() => perform(action))
  );
  return html`<div class="run-actions" data-actions>
    ${mayChange() && html`${Object.entries(LABELS).map(([name, label]) => html`<${Action} key=${name} label=${label}
        why=${run.actions[name].why} onAct=${() => act(name)} />`)}
      <button type="button" onClick=${onRerun}>Rerun…</button>`}
    <${Menu} label="Copy" items=${copies(run)} />
    ${failure && html`<span class="tone-bad" role="alert">${failure.message}</span>`}
    ${asking && html`<${Lazy} key=${asking} load=${ASKS[asking]} meanwhile="" action=${asking} runId=${run.id}
      onClose=${() => setAsking('')} onPerform=${(/** @type {object} */ body) => perform(asking, body)} />`}
  </div>`;
}

/** @param {any} run */
function copies(run) {
  return [
    { label: 'Id', onPick: () => copyText(run.id, 'id') },
    { label: 'curl line', onPick: () => copyText(curlLine('GET', `/runs/${encodeURIComponent(run.id)}`), 'curl line') },
    { label: 'Command line: show', onPick: () => copyText(cliLine('runs', 'show', run.id), 'command line') },
    { label: 'Command line: rerun', onPick: () => copyText(cliLine('runs', 'rerun', run.id, '--from', 'start'), 'command line') },
    { label: 'Command line: cancel', onPick: () => copyText(cliLine('runs', 'cancel', run.id), 'command line') },
    { label: 'Link to this page', onPick: () => copyText(location.href, 'link') },
  ];
}

/**
 * @param {string} text
 * @param {string} label
 */
async function copyText(text, label) {
  say(await copy(text) ? `Copied the ${label}.` : 'The browser didn’t allow copying.');
}
