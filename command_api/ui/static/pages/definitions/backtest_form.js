/** Starts a backtest: a changed document, and which recorded runs it is tried on. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { readOnly, setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { PAST } from '../../components/actions.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { JsonText, parseJson } from '../../components/json_text.js';
import { Failure, Notice } from '../../components/notice.js';

const STATUSES = ['completed', 'failed', 'cancelled', 'running', 'paused', 'pending'];
const LAST = 1000;

/** @param {{path: string, document: any}} props */
export function BacktestForm({ path, document }) {
  const [form, setForm] = useState(() => ({
    text: JSON.stringify(document, null, 2), last: String(LAST), since: '', status: '', map: '', stubs: '',
  }));
  const [{ busy, error }, setState] = useState(/** @type {{busy: boolean, error?: any}} */ ({ busy: false }));
  const fault = ['text', 'map', 'stubs'].find((name) => parseJson(/** @type {any} */ (form)[name]).error);
  const body = fault === undefined ? requestOf(form) : {};
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm({ ...form, [name]: value });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      const { data } = await send('POST', `${path}/backtests`, body);
      setState({ busy: false });
      setQuery({ backtest: data.id, tab: 'backtest', offset: undefined }, { replace: false });
    } catch (failure) {
      setState({ busy: false, error: failure });
    }
  };
  const why = refused(fault);
  return html`<form onSubmit=${submit}>
    <p class="muted">Change the document. Its decisions are made again on recorded runs, with the outcomes
      that their steps had.</p>
    <${JsonText} label="Changed definition (JSON)" value=${form.text} rows=${16} onInput=${set('text')} />
    <${Choice} form=${form} set=${set} />
    ${error && html`<${Failure} error=${error} />`}
    ${!may('orchestrator:write') && html`<${Notice}>A backtest needs the scope orchestrator:write.<//>`}
    <p class="actions">
      ${may('orchestrator:write') && html`<button type="submit" class="primary" disabled=${busy || why !== ''}
        title=${why}>Start the backtest</button>`}
      <button type="button" onClick=${() => set('text')(JSON.stringify(document, null, 2))}>Undo all changes</button>
      <${CopyButton} text=${() => curlLine('POST', `${path}/backtests`, body)} label="curl line">curl<//>
    </p>
  </form>`;
}

/**
 * The choice of the runs, and the outcomes of renamed and new steps.
 *
 * @param {{form: any, set: (name: string) => (value: string) => void}} props
 */
function Choice({ form, set }) {
  const typed = (/** @type {string} */ name) => (/** @type {any} */ { target }) => set(name)(target.value);
  return html`<p class="actions">
      <label class="inline">Newest <input type="number" min="1" max="1000000" required value=${form.last} onInput=${typed('last')} /> runs</label>
      <label class="inline">since <input type="text" placeholder="2027-01-01T09:00:00Z" value=${form.since} onInput=${typed('since')} /></label>
      <label class="inline">status <select value=${form.status} onChange=${typed('status')}>
        <option value="">any</option>
        ${STATUSES.map((status) => html`<option value=${status}>${status}</option>`)}
      </select></label>
    </p>
    <details><summary>Renamed and new steps</summary>
      <${JsonText} label="Renamed steps (JSON)" value=${form.map} rows=${3} onInput=${set('map')}
        hint=${'New ids with the ids under which outcomes were recorded: {"charge_card": "charge"}'} />
      <${JsonText} label="Outputs of steps without an outcome (JSON)" value=${form.stubs} rows=${3}
        onInput=${set('stubs')} hint=${'By step id: {"send": {"parcel": 1}}'} />
    </details>`;
}

/** @param {string | undefined} fault The name of the field that isn't valid JSON. */
function refused(fault) {
  if (readOnly.value) return PAST;
  return fault === undefined ? '' : 'A field isn’t valid JSON.';
}

/** @param {{text: string, last: string, since: string, status: string, map: string, stubs: string}} form */
export function requestOf({ text, last, since, status, map, stubs }) {
  const [definition, renamed, outputs] = [text, map, stubs].map((one) => parseJson(one).value);
  return {
    definition,
    last: Number(last),
    since: since.trim() === '' ? undefined : since.trim(),
    status: status === '' ? undefined : [status],
    map: renamed,
    stubs: outputs,
  };
}
