/** Tries a definition: one of its decisions on given data, or a changed document on recorded runs. */
import { html } from '../../vendor/preact.js';
import { href, setQuery } from '../../core/router.js';
import { useGet } from '../../core/use_get.js';
import { Loaded } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { BacktestForm } from './backtest_form.js';
import { BacktestProgress } from './backtest_report.js';
import { DecisionForm } from './decision_form.js';

const TABS = [{ id: 'decision', label: 'Decision' }, { id: 'backtest', label: 'Backtest' }];

/** @param {{params: Record<string, string>}} props */
export const title = ({ params }) => `Test ${params.id}`;

/** @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props */
export default function Test({ params, query }) {
  const path = `/definitions/${encodeURIComponent(params.id)}`;
  const definition = useGet(path);
  const wanted = query.version ?? definition.data?.version;
  const version = useGet(wanted === undefined ? null : `${path}/versions/${wanted}`);
  const tab = query.tab ?? (query.backtest === undefined ? 'decision' : 'backtest');
  return html`<section class="page">
    <header class="page-head">
      <h1>Test <a href=${href(path)}>${definition.data?.slug ?? params.id}</a></h1>
      <span class="muted">Nothing that you try here is stored, and no function is called.</span>
    </header>
    <${Tabs} tabs=${TABS} current=${String(tab)} label="Kinds of tests"
      onPick=${(/** @type {string} */ id) => setQuery({ tab: id })} />
    <div role="tabpanel" class="tab-panel">
      <${Loaded} of=${definition.error ? definition : version}>${(/** @type {any} */ found) => (tab === 'decision'
        ? html`<${DecisionForm} path=${path} document=${found.definition}
            version=${found.version.version} query=${query} />`
        : html`<${BacktestForm} path=${path} document=${found.definition} />
            ${query.backtest && html`<${BacktestProgress} id=${String(query.backtest)} query=${query} />`}`)}<//>
    </div>
  </section>`;
}
