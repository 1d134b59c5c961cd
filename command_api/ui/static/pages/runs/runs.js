/** The list of runs: filters in the address, rows that change as they happen, and bulk actions. */
import { html, useEffect, useMemo, useRef, useState } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, setQuery } from '../../core/router.js';
import { ago, formatDuration, formatInstant, now, Time } from '../../core/time.js';
import { Action, mayChange } from '../../components/actions.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Empty, Failure, Lazy, Loading, say } from '../../components/notice.js';
import { statusColumn, Table } from '../../components/table.js';
import { counted, formatCount, RunName } from '../../components/values.js';
import { runFilters, stillMatches, toApi, toBulkFilter, usesFurther } from './run_filters.js';
import { HEAD, MOST_ROWS, useRunList } from './run_list.js';

/**
 * The list of runs with its filters.
 *
 * @param {{query: import('../../core/router.js').Query}} props
 */
export function Runs({ query }) {
  const key = JSON.stringify(query);
  const asked = useMemo(() => toApi(query, Date.now()), [key]);
  const { list, ...snapshot } = useRunList(asked);
  const { data: definitions } = useGet('/definitions', { limit: 200 });
  const [further, setFurther] = useState(usesFurther(query));
  useShortcut('f', 'Show failed runs only, or all again', () => setQuery({ status: query.status === 'failed' ? undefined : 'failed' }));
  const slugs = (definitions?.definitions ?? []).map((/** @type {any} */ { slug }) => slug);
  return html`
    <div class="page-head">
      <h1>Runs</h1>
      <span class="muted" data-total>${counted(snapshot.total, 'run')}</span>
    </div>
    <${FilterBar} filters=${runFilters(slugs, further)}>
      <button type="button" class="link" aria-expanded=${further} onClick=${() => setFurther(!further)}>${further ? 'Fewer filters' : 'More filters'}</button>
    <//>
    <${Failure} error=${snapshot.error} onRetry=${() => list?.reload()} />
    <${List} key=${JSON.stringify(asked)} list=${list} snapshot=${snapshot} asked=${asked} />`;
}

Runs.title = () => 'Runs';

/** @param {{list: any, snapshot: import('./run_list.js').Snapshot, asked: Record<string, any>}} props */
function List({ list, snapshot, asked }) {
  const around = useRef(null);
  const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
  useReaderPlace(around, list);
  const { rows, total, fresh, more, loading, error } = snapshot;
  useEffect(() => {
    if (fresh > 0) say('There are new runs above.');
  }, [fresh > 0]);
  const acts = mayChange();
  if (rows.length === 0 && error) return null;
  if (rows.length === 0) return loading ? html`<${Loading} />` : html`<${NoRuns} filtered=${Object.keys(asked).length > 0} />`;
  const toTop = () => {
    const box = /** @type {any} */ (around.current)?.querySelector('[role=table]');
    if (box) box.scrollTop = 0;
    list?.reload();
  };
  return html`<div class="runs" ref=${around}>
    ${fresh > 0 && html`<button type="button" class="fresh-runs" onClick=${toTop}>
      ${fresh >= HEAD ? `${HEAD} or more` : fresh} new ${fresh === 1 ? 'run' : 'runs'}</button>`}
    <${Table}
      label="Runs" columns=${COLUMNS} rows=${rows} total=${total}
      selected=${selected} onSelect=${acts ? setSelected : undefined}
      links onEnd=${() => list?.more()} rowClass=${(/** @type {any} */ run) => (stillMatches(run, asked) ? '' : 'left-filter')}
    />
    ${!more && rows.length >= MOST_ROWS && html`<p class="muted">The first ${formatCount(MOST_ROWS)} runs are shown. A narrower filter or an earlier time shows others.</p>`}
    ${acts && selected.size > 0 && html`<${SelectionBar}
      rows=${rows} selected=${selected} total=${total} asked=${asked}
      onClear=${() => setSelected(new Set())}
    />`}
  </div>`;
}

/**
 * Tell the list which rows of its table are visible.
 *
 * @param {{current: HTMLElement | null}} around An element around the table.
 * @param {import('./run_list.js').RunList | null} list
 */
function useReaderPlace(around, list) {
  useEffect(() => {
    const box = around.current?.querySelector('[role=table]');
    if (!box || list === null) return undefined;
    const look = () => {
      const row = /** @type {any} */ (box.querySelector('[role=row]')).offsetHeight;
      const first = Math.floor(box.scrollTop / row);
      const last = first + Math.ceil(box.clientHeight / row);
      list.look({ first, last, atTop: box.scrollTop < row });
    };
    look();
    box.addEventListener('scroll', look, { passive: true });
    return () => box.removeEventListener('scroll', look);
  });
}

/** @param {{filtered: boolean}} props */
function NoRuns({ filtered }) {
  if (!filtered) {
    return html`<${Empty} title="No run has been started yet">
      <p>Runs are started by events, schedules, webhooks, or by hand: <code>baton runs start DEFINITION</code>.</p>
    <//>`;
  }
  const clear = () => navigate('/runs');
  return html`<${Empty} title="No run matches the filter">
    <p>Filters are exact: a correlation id and a record id match as a whole, an id by its beginning.</p>
    <button type="button" onClick=${clear}>Remove all filters</button>
  <//>`;
}

/** @typedef {Record<string, any>} Run */

const BULK_DIALOG = async () => (await import('../bulk/bulk_dialog.js')).BulkDialog;
const ACTIONS = /** @type {const} */ ([
  ['cancel', 'Cancel'], ['retry', 'Retry'], ['rerun', 'Rerun…'], ['pause', 'Pause'], ['resume', 'Resume'],
]);

/**
 * The actions on selected runs, or on all runs that match the filter.
 *
 * @param {{rows: Run[], selected: Set<string>, total: number, asked: Record<string, any>,
 *   onClear: () => void}} props `asked` are the parameters of the list.
 */
function SelectionBar({ rows, selected, total, asked, onClear }) {
  const [everything, setEverything] = useState(false);
  useEffect(() => setEverything(false), [selected]);
  const [action, setAction] = useState(/** @type {string | null} */ (null));
  const chosen = rows.filter((run) => selected.has(run.id));
  const count = everything ? total : selected.size;
  const choice = everything
    ? { query: asked, filter: toBulkFilter(asked), total }
    : { ids: [...selected] };
  const [before, after] = [...selected];
  return html`<div class="selection-bar" role="region" aria-label="Actions on the selected runs">
    <strong>${formatCount(count)} selected</strong>
    ${!everything && total > selected.size && html`<button type="button" class="link" onClick=${() => setEverything(true)}>
      Select all ${formatCount(total)} that match the filter</button>`}
    <span class="actions">
      ${ACTIONS.map(([name, label]) => html`<${Action}
        key=${name} label=${label} why=${everything ? null : whyNot(name, chosen)} onAct=${() => setAction(name)} />`)}
      <${Action} label="Compare" onAct=${() => navigate(`/compare/${before}/${after}`)}
        why=${everything || selected.size !== 2 ? 'Select two runs to compare them' : null} />
      <button type="button" class="quiet" onClick=${onClear}>Clear</button>
    </span>
    ${action && html`<${Lazy} load=${BULK_DIALOG} meanwhile="" action=${action} choice=${choice} onClose=${() => setAction(null)} />`}
  </div>`;
}

/**
 * Return why none of the runs takes an action, null if one of them does.
 *
 * @param {string} action
 * @param {Run[]} runs
 */
function whyNot(action, runs) {
  if (action === 'rerun' || runs.length === 0) return null;
  const answers = runs.map(({ actions }) => actions[action]);
  if (answers.some((answer) => answer === true)) return null;
  const [first] = answers;
  return runs.length === 1 ? first.why : `None of the selected runs takes it. The first: ${first.why}`;
}

/** @type {import('../../components/table.js').Column[]} The columns from left to right. */
const COLUMNS = [
  { key: 'title', title: 'Run', width: 'minmax(220px, 2.4fr)', at: 'name', render: (run) => html`<${RunName} run=${run} />` },
  { key: 'definition', title: 'Definition', width: 'minmax(150px, 1.2fr)', at: 'about', render: (run) => html`<${DefinitionName} run=${run} />` },
  statusColumn('status', 'Status', '104px'),
  { key: 'waitsFor', title: 'Waits for or failed with', width: 'minmax(186px, 1.3fr)', at: 'more', render: (run) => html`<${WaitsFor} run=${run} />` },
  { key: 'started', title: 'Started', width: '232px', at: 'when', render: ({ startedAt, requestedAt }) => html`<${Time} at=${startedAt ?? requestedAt} />` },
  { key: 'took', title: 'Took', width: '88px', numeric: true, render: (run) => html`<${Took} run=${run} />` },
  { key: 'attempts', title: 'Attempts', width: '88px', numeric: true, render: ({ attempts }) => formatCount(attempts) },
  { key: 'trigger', title: 'Trigger', width: 'minmax(124px, 1fr)', render: (run) => html`<${Trigger} run=${run} />` },
];

/** @param {{run: Run}} props */
function DefinitionName({ run }) {
  const name = run.slug ?? run.definitionId;
  return html`<a href=${href(`/definitions/${encodeURIComponent(name)}`)}>${name}</a> <span class="muted">v${run.version}</span>`;
}

/** The cause that an open run waits for, or the reason why it has failed. @param {{run: Run}} props */
function WaitsFor({ run }) {
  const { status, failure, rerunId } = run;
  if (status === 'failed') {
    const text = [failure?.stepId, failure?.code].filter(Boolean).join(': ');
    return html`<span title=${failure?.message}>${text}</span>
      ${rerunId && html` <a href=${href(`/runs/${rerunId}`)}>run again → ${rerunId.slice(-6)}</a>`}`;
  }
  if (status === 'cancelled') return run.cancelReason ?? '';
  const text = words(run);
  return run.dueAt ? html`${text} <span class="muted" title=${formatInstant(run.dueAt)}>${due(run.dueAt)}</span>` : text;
}

/** @param {Run} run */
function words({ waitsFor, currentStepId, attempt, pause }) {
  const step = currentStepId ?? '';
  const which = attempt > 1 ? `${step}, attempt ${attempt}` : step;
  switch (waitsFor) {
    case 'QUEUED': return 'An executor';
    case 'PAUSED': return pause?.reason ? `Paused: ${pause.reason}` : `Paused by ${pause?.by ?? 'a request'}`;
    case 'TIMER': return `${step}, a delay`;
    case 'BACKOFF': return `${step}, attempt ${attempt ?? ''}`;
    case 'RELEASED': return `${step}, starts again`;
    default: return which;
  }
}

/** @param {string} at */
function due(at) {
  return Date.parse(at) <= now.value ? 'due now' : ago(at);
}

/** The time that the run took, or has taken until now. @param {{run: Run}} props */
function Took({ run: { startedAt, completedAt } }) {
  if (!startedAt) return html`<span class="muted">–</span>`;
  const end = completedAt ? Date.parse(completedAt) : now.value;
  const text = formatDuration(Math.max(0, end - Date.parse(startedAt)));
  return completedAt ? text : html`<span class="muted">${text}…</span>`;
}

/** @param {{run: Run}} props */
function Trigger({ run: { trigger } }) {
  switch (trigger.kind) {
    case 'schedule': return html`<a href=${href(`/schedules/${trigger.scheduleId}`)}>schedule</a>`;
    case 'rerun': return html`<a href=${href(`/runs/${trigger.runId}`)}>rerun of ${trigger.runId.slice(-6)}</a>`;
    case 'record': return html`<span title="${trigger.eventType} of ${trigger.structure} ${trigger.recordId ?? ''}">${trigger.eventType}</span>`;
    case 'webhook': return html`<span title=${trigger.path}>webhook</span>`;
    default: return trigger.kind;
  }
}
