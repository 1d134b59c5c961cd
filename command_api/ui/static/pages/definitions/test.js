/** Tries a definition: one of its decisions on given data, or a changed document on recorded runs. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { Choice, Field, JsonText, parseJson, submit, useAct } from '../../components/forms.js';
import { Empty, Failure, Loaded, Notice } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { BacktestForm, BacktestProgress } from './backtest.js';

const TABS = [{ id: 'decision', label: 'Decision' }, { id: 'backtest', label: 'Backtest' }];

/** @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props */
export function Test({ params, query }) {
  const path = `/definitions/${encodeURIComponent(params.id)}`;
  const definition = useGet(path);
  const wanted = query.version ?? definition.data?.version;
  const version = useGet(wanted === undefined ? null : `${path}/versions/${wanted}`);
  const tab = query.tab ?? (query.backtest === undefined ? 'decision' : 'backtest');
  return html`
    <header class="page-head">
      <h1>Test <a href=${href(path)}>${definition.data?.slug ?? params.id}</a></h1>
      <span class="muted">Nothing that you try here is stored, and no function is called.</span>
    </header>
    <${Tabs} tabs=${TABS} current=${String(tab)} label="Kinds of tests"
      onPick=${(/** @type {string} */ id) => setQuery({ tab: id })} />
    <div role="tabpanel">
      <${Loaded} of=${definition.error ? definition : version}>${(/** @type {any} */ data) => (tab === 'decision'
        ? html`<${DecisionForm} path=${path} document=${data.definition}
            version=${data.version.version} query=${query} />`
        : html`<${BacktestForm} path=${path} document=${data.definition} />
            ${query.backtest && html`<${BacktestProgress} id=${String(query.backtest)} query=${query} />`}`)}<//>
    </div>`;
}

/** @param {{params: Record<string, string>}} props */
Test.title = ({ params }) => `Test ${params.id}`;

/**
 * Tries a decision of a definition on data that is typed, or taken from a run.
 *
 * @param {{path: string, document: any, version: number, query: any}} props
 */
function DecisionForm({ path, document, version, query }) {
  const decisions = document.steps.filter((/** @type {any} */ step) => 'decide' in step);
  const stepId = decisions.some((/** @type {any} */ { id }) => id === query.step)
    ? query.step : decisions[0]?.id;
  const [text, setText] = useState(() => sample(document));
  const [result, setResult] = useState(/** @type {any} */ (null));
  const { busy, failure, act } = useAct();
  const { value = {}, error: fault } = parseJson(text);
  const { input, context, steps } = Object(value);
  const body = { stepId, version, input, context, steps };
  useEffect(() => setResult(null), [stepId, version]);
  const decide = () => act(async () => {
    setResult(null);
    setResult((await send('POST', `${path}/test-decision`, body)).data);
  });
  if (stepId === undefined) {
    return html`<${Empty} title="This version has no decision">
      <p>A step with <code>decide</code> is one. The tab Backtest tries the whole definition.</p><//>`;
  }
  return html`<form onSubmit=${submit(decide)}>
    <${Choice} class="inline" label="Decision" value=${stepId} options=${decisions.map((/** @type {any} */ { id }) => id)}
      onPick=${(/** @type {string} */ step) => setQuery({ step })} />
    <span class="muted"> of version ${version}</span>
    <${FromRun} runId=${query.run} onFound=${setText} />
    <${JsonText} label="Data (JSON)" value=${text} onInput=${setText} rows=${12}
      hint="What the conditions see: input, context, and steps by their ids with their output." />
    <p class="actions">
      <button type="submit" class="primary" disabled=${busy || fault !== undefined}
        title=${fault === undefined ? '' : 'The data isn’t valid JSON.'}>Try the decision</button>
      <${CopyButton} text=${() => curlLine('POST', `${path}/test-decision`, body)} label="curl line">curl<//>
    </p>
    <${Failure} error=${failure} />
    ${result && html`<${DecisionResult} result=${result} />`}
  </form>`;
}

/**
 * Takes the data of a run whose id is typed, or named by the URL.
 *
 * @param {{runId: any, onFound: (text: string) => void}} props
 */
function FromRun({ runId, onFound }) {
  const [typed, setTyped] = useState('');
  const { data, error } = useGet(runId ? `/runs/${encodeURIComponent(runId)}` : null);
  useEffect(() => setTyped(runId ?? ''), [runId]);
  useEffect(() => {
    if (data !== undefined) onFound(pretty(scopeOf(data)));
  }, [data]);
  return html`<p><${Field} class="inline" label="Data of run" value=${typed} placeholder="id of a run" onInput=${setTyped} />${' '}
    <button type="button" disabled=${typed.trim() === ''} onClick=${() => setQuery({ run: typed.trim() })}
      title=${typed.trim() === '' ? 'Type the id of a run.' : ''}>Take its data</button></p>
    <${Failure} error=${error} />
    ${runId && !error && html`<${Notice}>The data is that of run ${runId}.<//>`}`;
}

/**
 * Return the values that the conditions of a run's decisions read.
 *
 * @param {any} run
 */
function scopeOf({ input = {}, context = {}, steps = [] }) {
  const outputs = steps.filter((/** @type {any} */ { output }) => output !== undefined)
    .map((/** @type {any} */ { stepId, output }) => [stepId, { output }]);
  return { input, context, steps: Object.fromEntries(outputs) };
}

/**
 * Return data to begin with, which has the paths that the document's conditions look at.
 *
 * @param {any} document
 */
function sample(document) {
  const scope = { input: {}, context: {}, steps: {} };
  for (const { decide = [], when = [] } of document.steps) {
    const conditions = [...when, ...decide.flatMap((/** @type {any} */ choice) => choice.if ?? [])];
    for (const { path, value = null } of conditions) place(scope, String(path).split('.'), first(value));
  }
  return pretty(scope);
}

/** @param {any} value */
function first(value) {
  return Array.isArray(value) ? value[0] ?? null : value;
}

/**
 * @param {Record<string, any>} scope
 * @param {string[]} names
 * @param {any} value
 */
function place(scope, names, value) {
  const [name, ...rest] = names;
  if (rest.length === 0) scope[name] ??= value;
  else if (Object(scope[name] ??= {}) === scope[name]) place(scope[name], rest, value);
}

/** @param {any} value */
function pretty(value) {
  return JSON.stringify(value, null, 2);
}

/**
 * The step that a decision chose, and the comparisons that led to it.
 *
 * @param {{result: any}} props
 */
function DecisionResult({ result }) {
  const { next, case: index, evaluations } = result;
  const rows = evaluations.flatMap(comparisons);
  const why = index === undefined ? elseWhy(evaluations) : `because case ${index + 1} holds`;
  return html`
    <${Notice} title=${next === undefined ? 'The run would end' : `The run would go on at ${next}`}>${why}.<//>
    ${rows.length > 0 && html`<${Table} label="Comparisons" columns=${COLUMNS} rows=${rows} />`}`;
}

/** @param {any[]} evaluations */
function elseWhy(evaluations) {
  return evaluations.length === 0 ? 'because no case was considered' : 'because no case holds';
}

/** @param {any} evaluation */
function comparisons({ caseIndex, next, matched, conditions }) {
  const shared = { case: caseIndex + 1, next: next ?? 'the end' };
  if (conditions.length === 0) {
    return [{ id: `${caseIndex}`, ...shared, path: '(no condition)', holds: matched }];
  }
  return conditions.map((/** @type {any} */ condition, /** @type {number} */ index) => ({
    id: `${caseIndex}.${index}`,
    ...shared,
    path: condition.path,
    operator: condition.operator,
    expected: 'expected' in condition ? JSON.stringify(condition.expected) : '',
    actual: condition.pathExists ? JSON.stringify(condition.actual) : 'nothing there',
    holds: condition.matched,
    error: condition.error,
  }));
}

const COLUMNS = [
  { key: 'case', title: 'Case', width: '64px', at: 'when', numeric: true },
  { key: 'next', title: 'Leads to', width: 'minmax(90px, 1fr)' },
  { key: 'path', title: 'Path', width: 'minmax(160px, 2fr)', at: 'name' },
  { key: 'actual', title: 'Value', width: 'minmax(90px, 1fr)', at: 'about' },
  { key: 'operator', title: 'Operator', width: '90px' },
  { key: 'expected', title: 'Compared with', width: 'minmax(110px, 1fr)' },
  { key: 'holds', title: 'Holds', width: 'minmax(80px, 1fr)', at: 'more', render: holdsCell },
];

/** @param {any} row */
function holdsCell({ holds, error }) {
  const tone = holds ? 'good' : 'bad';
  return html`<span class="tone-${tone}">${holds ? '✓ yes' : '✕ no'}</span>
    ${error && html` <span class="muted" title=${error}>${error}</span>`}`;
}
