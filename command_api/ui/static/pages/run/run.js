/** The page of one run: its head, a tab of it, and the steps that are open beside the tab. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { setQuery, values } from '../../core/router.js';
import { useGet } from '../../core/use_get.js';
import { Failure, Lazy, Loading } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { RunHeader } from './run_header.js';
import { useTimeline } from './use_timeline.js';

/** The modules of the tabs and of what opens beside them are read when they are needed. */
const TABS = /** @type {Record<string, {label: string, load: () => Promise<any>}>} */ ({
  graph: { label: 'Graph', load: async () => (await import('./graph_tab.js')).GraphTab },
  timeline: { label: 'Timeline', load: async () => (await import('./timeline/timeline_tab.js')).TimelineTab },
  events: { label: 'Events', load: async () => (await import('./events/events_tab.js')).EventsTab },
  input: { label: 'Input', load: async () => (await import('./data_tab.js')).DataTab },
  explain: { label: 'Explain', load: async () => (await import('./explain_tab.js')).ExplainTab },
  audit: { label: 'Audit', load: async () => (await import('./audit_tab.js')).AuditTab },
});
const STEP_PANE = async () => (await import('./step/step_pane.js')).StepPane;
const RERUN_DIALOG = async () => (await import('./actions/rerun_dialog.js')).RerunDialog;

/** @param {import('../../core/router.js').Route} route */
export const title = ({ params }) => `Run ${params.id}`;

/** @param {import('../../core/router.js').Route} route */
export default function RunPage({ params, query }) {
  const { id } = params;
  const topics = [`run:${id}`];
  // A comma alone asks for no part: neither data nor steps.
  const { data: run, error, reload } = useGet(`/runs/${encodeURIComponent(id)}`, { fields: ',' }, { topics });
  const timeline = useTimeline(id);
  const [rerun, setRerun] = useState(/** @type {{stepId: string, visit: number} | boolean} */ (false));
  useEffect(() => setRerun(false), [id]);
  const tab = typeof query.tab === 'string' && query.tab in TABS ? query.tab : 'graph';
  useEffect(() => { TABS[tab].load().catch(() => undefined); }, [tab]); // while the run is read
  const shown = run?.id === id ? run : undefined;
  const rerunFrom = (/** @type {string} */ stepId, /** @type {number} */ visit) => setRerun({ stepId, visit });
  const changed = () => {
    reload();
    timeline.reload();
  };
  return html`<div class="run-page">
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${timeline.error && html`<${Failure} error=${timeline.error} onRetry=${timeline.reload} />`}
    ${shown === undefined ? !error && html`<${Loading} />` : html`
      <${RunHeader} run=${shown} onChanged=${changed} onRerun=${() => setRerun(true)} />
      <${RunTabs} current=${tab} />
      <div class="beside">
        <div class="run-tab" role="tabpanel" aria-label=${TABS[tab].label}>
          <${Lazy} key=${tab} load=${TABS[tab].load} run=${shown} runId=${id} timeline=${timeline} query=${query}
            onRerun=${rerunFrom} />
        </div>
        <${OpenSteps} run=${shown} timeline=${timeline} query=${query} onRerun=${rerunFrom} />
      </div>
      ${rerun && html`<${Lazy} load=${RERUN_DIALOG} run=${shown} from=${rerun === true ? null : rerun}
        steps=${[...new Set(timeline.rows.map((row) => row.stepId))]} onClose=${() => setRerun(false)} />`}`}
  </div>`;
}

/** Parameters that mean something in one tab only. */
const OF_A_TAB = { only: '', event: '', stepId: '', from: '', to: '', next: '' };

/** @param {{current: string}} props */
function RunTabs({ current }) {
  const tabs = Object.entries(TABS).map(([id, { label }]) => ({ id, label }));
  return html`<${Tabs} label="Parts of the run" tabs=${tabs} current=${current}
    onPick=${(/** @type {string} */ tab) => setQuery({ ...OF_A_TAB, tab: tab === 'graph' ? '' : tab }, { replace: false })} />`;
}

/**
 * @param {{run: any, timeline: import('./use_timeline.js').TimelineState,
 *   query: import('../../core/router.js').Query, onRerun: (stepId: string, visit: number) => void}} props
 */
function OpenSteps({ run, timeline, query, onRerun }) {
  const opened = values(query, 'step').filter(Boolean);
  if (opened.length === 0) return null;
  return html`<div class="panes">${opened.map((execution) => html`<${Lazy} key=${execution} load=${STEP_PANE}
    run=${run} execution=${execution} rows=${timeline.rows} query=${query} onRerun=${onRerun} />`)}</div>`;
}
