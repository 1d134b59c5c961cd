/** Tries a decision of a definition on data that is typed, or taken from a run. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { get, send } from '../../core/api.js';
import { setQuery } from '../../core/router.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { JsonText, parseJson } from '../../components/json_text.js';
import { Empty, Failure, Notice } from '../../components/notice.js';
import { DecisionResult } from './decision_result.js';

/** @param {{path: string, document: any, version: number, query: any}} props */
export function DecisionForm({ path, document, version, query }) {
  const decisions = document.steps.filter((/** @type {any} */ step) => 'decide' in step);
  const stepId = decisions.some((/** @type {any} */ { id }) => id === query.step)
    ? query.step : decisions[0]?.id;
  const [text, setText] = useState(() => sample(document));
  const [{ result, error, busy }, setState] = useState(NOTHING);
  const { value = {}, error: fault } = parseJson(text);
  const { input, context, steps } = Object(value);
  const body = { stepId, version, input, context, steps };
  useEffect(() => setState(NOTHING), [stepId, version]);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setState({ ...NOTHING, busy: true });
    const answer = await settled(send('POST', `${path}/test-decision`, body));
    setState({ ...NOTHING, ...answer });
  };
  if (stepId === undefined) {
    return html`<${Empty} title="This version has no decision">
      <p>A step with <code>decide</code> is one. The tab Backtest tries the whole definition.</p><//>`;
  }
  return html`<form onSubmit=${submit}>
    <label class="inline">Decision <select value=${stepId} onChange=${pickStep}>
      ${decisions.map((/** @type {any} */ { id }) => html`<option value=${id}>${id}</option>`)}
    </select></label>
    <span class="muted"> of version ${version}</span>
    <${FromRun} runId=${query.run} onFound=${setText} />
    <${JsonText} label="Data (JSON)" value=${text} onInput=${setText} rows=${12}
      hint="What the conditions see: input, context, and steps by their ids with their output." />
    <p class="actions">
      <button type="submit" class="primary" disabled=${busy || fault !== undefined}
        title=${fault === undefined ? '' : 'The data isn’t valid JSON.'}>Try the decision</button>
      <${CopyButton} text=${() => curlLine('POST', `${path}/test-decision`, body)} label="curl line">curl<//>
    </p>
    ${error && html`<${Failure} error=${error} />`}
    ${result && html`<${DecisionResult} result=${result} />`}
  </form>`;
}

/** @type {{busy: boolean, result?: any, error?: any}} */
const NOTHING = { busy: false };

/**
 * @param {Promise<{data: any}>} request
 * @returns {Promise<{result?: any, error?: any}>}
 */
async function settled(request) {
  try {
    return { result: (await request).data };
  } catch (error) {
    return { error };
  }
}

/** @param {any} event */
function pickStep({ target }) {
  setQuery({ step: target.value });
}

/**
 * Takes the data of a run whose id is typed, or named by the URL.
 *
 * @param {{runId: any, onFound: (text: string) => void}} props
 */
function FromRun({ runId, onFound }) {
  const [typed, setTyped] = useState('');
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    if (!runId) return undefined;
    setTyped(runId);
    const abort = new AbortController();
    const { signal } = abort;
    settled(get(`/runs/${encodeURIComponent(runId)}`, {}, { signal })).then(({ result, error: failure }) => {
      if (signal.aborted) return;
      setError(failure ?? null);
      if (result) onFound(pretty(scopeOf(result)));
    });
    return () => abort.abort();
  }, [runId]);
  return html`<p><label class="inline">Data of run <input type="text" value=${typed} placeholder="id of a run"
      onInput=${(/** @type {any} */ { target }) => setTyped(target.value)} /></label>${' '}
    <button type="button" disabled=${typed.trim() === ''} onClick=${() => setQuery({ run: typed.trim() })}
      title=${typed.trim() === '' ? 'Type the id of a run.' : ''}>Take its data</button></p>
    ${error && html`<${Failure} error=${error} />`}
    ${runId && !error && html`<${Notice}>The data is that of run ${runId}.<//>`}`;
}

/**
 * Return what the conditions of a run's decisions see.
 *
 * @param {any} run
 */
export function scopeOf({ input = {}, context = {}, steps = [] }) {
  const outputs = steps.filter((/** @type {any} */ { output }) => output !== undefined)
    .map((/** @type {any} */ { stepId, output }) => [stepId, { output }]);
  return { input, context, steps: Object.fromEntries(outputs) };
}

/**
 * Return data to begin with, which has the paths that the document's conditions look at.
 *
 * @param {any} document
 */
export function sample(document) {
  const scope = { input: {}, context: {}, steps: {} };
  for (const { decide = [], when = [] } of document.steps) {
    const conditions = [...when, ...decide.flatMap((/** @type {any} */ one) => one.if ?? [])];
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
