/** The list of runs: filters in the address, rows that change as they happen, and bulk actions. */
import { html, useEffect, useMemo, useRef, useState } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { navigate, readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { useGet } from '../../core/use_get.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Empty, Failure, Loading, say } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { counted, formatCount } from '../../components/values.js';
import { COLUMNS } from './columns.js';
import { runFilters, stillMatches, toApi, usesFurther } from './run_filters.js';
import { HEAD, MOST_ROWS } from './run_list.js';
import { SelectionBar } from './selection_bar.js';
import { useReaderPlace, useRunList } from './use_run_list.js';

const ROW = 28;

/** The title of the document. */
export const title = () => 'Runs';

/** @param {{query: import('../../core/router.js').Query}} props */
export default function Runs({ query }) {
  const key = JSON.stringify(query);
  const asked = useMemo(() => toApi(query, Date.now()), [key]);
  const { list, ...shown } = useRunList(asked);
  const { data: definitions } = useGet('/definitions', { limit: 200 });
  const [further, setFurther] = useState(usesFurther(query));
  useShortcut('f', 'Show failed runs only, or all again', () => setQuery({ status: query.status === 'failed' ? undefined : 'failed' }));
  const slugs = (definitions?.definitions ?? []).map((/** @type {any} */ one) => one.slug);
  return html`
    <div class="page-head">
      <h1>Runs</h1>
      <span class="muted" data-total>${counted(shown.total, 'run')}</span>
    </div>
    <${FilterBar} filters=${runFilters(slugs, further, readOnly.value)}>
      <button type="button" class="link" aria-expanded=${further} onClick=${() => setFurther(!further)}>${further ? 'Fewer filters' : 'More filters'}</button>
    <//>
    ${shown.error && html`<${Failure} error=${shown.error} onRetry=${() => list?.reload()} />`}
    <${List} key=${JSON.stringify(asked)} list=${list} shown=${shown} asked=${asked} />`;
}

/** @param {{list: any, shown: import('./run_list.js').Snapshot, asked: Record<string, any>}} props */
function List({ list, shown, asked }) {
  const around = useRef(null);
  const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
  useReaderPlace(around, list, ROW);
  const { rows, total, fresh, more, loading } = shown;
  useEffect(() => {
    if (fresh > 0) say('There are new runs above.');
  }, [fresh > 0]);
  const acts = may('orchestrator:write') && !readOnly.value;
  if (rows.length === 0 && shown.error) return null;
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
      label="Runs" columns=${COLUMNS} rows=${rows} total=${total} rowHeight=${ROW}
      selected=${selected} onSelect=${acts ? setSelected : undefined}
      onOpen=${(/** @type {any} */ run) => navigate(`/runs/${run.id}`)}
      onEnd=${() => list?.more()} rowClass=${(/** @type {any} */ run) => (stillMatches(run, asked) ? '' : 'left-filter')}
    />
    ${!more && rows.length >= MOST_ROWS && html`<p class="muted">The first ${formatCount(MOST_ROWS)} runs are shown. A narrower filter or an earlier time shows others.</p>`}
    ${acts && selected.size > 0 && html`<${SelectionBar}
      rows=${rows} selected=${selected} total=${total} asked=${asked}
      onClear=${() => setSelected(new Set())}
    />`}
  </div>`;
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
