/** The dialog before an action on many runs: its options, and how many runs and which it concerns. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { ApiError, get, send } from '../../core/api.js';
import { navigate } from '../../core/router.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { counted, formatCount, nameOf, Status } from '../../components/values.js';
import { EMPTY, INFLIGHT, rerunBody, RerunFields, TIMERS } from '../run/action_options.js';

/** @type {Record<string, string>} */
const VERBS = { cancel: 'Cancel', retry: 'Retry', rerun: 'Rerun', pause: 'Pause', resume: 'Resume' };

/**
 * @param {{action: string, choice: Choice, onClose: () => void}} props
 */
export function BulkDialog({ action, choice, onClose }) {
  const [entered, setEntered] = useState(/** @type {Record<string, string>} */ ({}));
  const [round, setRound] = useState(0);
  const [sure, setSure] = useState(false);
  const [sending, setSending] = useState(false);
  const [refused, setRefused] = useState(/** @type {any} */ (null));
  const { args, fault } = read(action, entered);
  const { preview, error, loading } = usePreview(action, choice, args, round);
  const everyRun = preview?.body.all === true;
  const ready = preview !== null && !loading && !sending && args !== null && preview.count > 0 && (sure || !everyRun);
  const request = async () => {
    setSending(true);
    setRefused(null);
    try {
      const { body, confirm } = /** @type {Preview} */ (preview);
      const { data } = await send('POST', '/bulk', 'ids' in body ? body : { ...body, confirm });
      onClose();
      navigate(`/bulk/${data.id}`);
    } catch (failure) {
      setSending(false);
      setRefused(failure);
      if (failure instanceof ApiError && failure.status === 409) setRound(round + 1);
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (ready) request();
  };
  const count = preview === null ? '' : ` ${counted(preview.count, 'run')}`;
  return html`<${Dialog} title="${VERBS[action]} the chosen runs" open onClose=${onClose}>
    <form class="bulk-form" onSubmit=${submit}>
      ${preview ? html`<${Chosen} preview=${preview} />` : !error && html`<${Loading} label="Looking for the runs…" />`}
      <${BulkOptions} action=${action} entered=${entered} onEnter=${setEntered} />
      ${(fault ?? error) && html`<${Failure} error=${fault ?? error} />`}
      ${refused && html`<${Failure} error=${refused} />`}
      ${everyRun && html`<${Notice} kind="warning" title="These are all runs of the tenant.">
        <label class="inline"><input type="checkbox" checked=${sure} onChange=${() => setSure(!sure)} /> Include every one of them</label>
      <//>`}
      <${DialogButtons} onClose=${onClose}>
        <button type="submit" class="primary" disabled=${!ready}>${VERBS[action]}${count}</button>
      <//>
    </form>
  <//>`;
}

/**
 * @param {string} action
 * @param {Record<string, string>} entered
 * @returns {{args: Record<string, any> | null, fault: Error | null}}
 */
function read(action, entered) {
  try {
    return { args: toArgs(action, entered), fault: null };
  } catch (fault) {
    return { args: null, fault: /** @type {Error} */ (fault) };
  }
}

/** @param {{preview: Preview}} props */
function Chosen({ preview: { count, sample } }) {
  const more = count - sample.length;
  return html`
    <p><strong>${formatCount(count)} ${count === 1 ? 'run is' : 'runs are'} chosen.</strong> Each gets an outcome of its own; a run whose state forbids the action is refused, and the others go on.</p>
    <ul class="chosen-runs">
      ${sample.map((run) => html`<li key=${run.id}><${Status} value=${run.status} /> ${nameOf(run)}</li>`)}
      ${more > 0 && html`<li class="muted">and ${formatCount(more)} more</li>`}
    </ul>`;
}

/** @typedef {Record<string, string>} Entered What the fields of the form hold. */

/**
 * Return the options as the API takes them. Throws an ApiError that names a field with a fault.
 *
 * @param {string} action
 * @param {Entered} entered
 * @returns {Record<string, any>}
 */
function toArgs(action, entered) {
  if (action === 'rerun') return rerunBody({ ...EMPTY, ...entered });
  const pairs = (FIELDS[action] ?? []).map((name) => [name, entered[name]?.trim()]);
  return Object.fromEntries(pairs.filter(([, text]) => text));
}

/** @type {Record<string, string[]>} */
const FIELDS = {
  cancel: ['reason'], retry: ['stepId'], pause: ['reason', 'inflight'], resume: ['timers'],
};

/** @type {Record<string, [string, string][]>} */
const CHOICES = { inflight: INFLIGHT, timers: TIMERS };

/** @type {Record<string, string>} */
const LABELS = {
  reason: 'Reason, which each run shows', inflight: 'Running attempts', timers: 'Delays and backoffs',
  stepId: 'Step to retry; without one, every failed step',
};

/**
 * @param {{action: string, entered: Entered, onEnter: (entered: Entered) => void}} props
 */
function BulkOptions({ action, entered, onEnter }) {
  const set = (/** @type {string} */ name) => (/** @type {any} */ { target }) => onEnter({ ...entered, [name]: target.value });
  if (action === 'rerun') return html`<${RerunFields} fields=${{ ...EMPTY, ...entered }} steps=${[]} change=${(/** @type {any} */ { target }) => onEnter({ ...entered, [target.name]: target.value })} />`;
  return html`${(FIELDS[action] ?? []).map((name) => html`<label key=${name}>${LABELS[name]}
    <${Field} name=${name} value=${entered[name] ?? ''} onInput=${set(name)} />
  </label>`)}`;
}

/** @param {{name: string, value: string, onInput: (event: any) => void}} props */
function Field({ name, value, onInput }) {
  if (CHOICES[name]) {
    return html`<select name=${name} value=${value || CHOICES[name][0][0]} onChange=${onInput}>
      ${CHOICES[name].map(([word, label]) => html`<option key=${word} value=${word}>${label}</option>`)}
    </select>`;
  }
  return html`<input name=${name} value=${value} maxlength="200" onInput=${onInput} />`;
}

/**
 * @typedef {{body: Record<string, any>, count: number, sample: any[], confirm: string}} Preview
 *   `body` is the request that the preview was made of.
 */

const PAUSE_MS = 300;

/**
 * @param {string} action
 * @param {Choice} choice It stays the same while the component is shown.
 * @param {Record<string, any> | null} args The options; null if they can't be used.
 * @param {number} round Another number makes the preview again.
 * @returns {{preview: Preview | null, error: any, loading: boolean}}
 */
function usePreview(action, choice, args, round) {
  const key = `${JSON.stringify(args)} ${round}`;
  const [state, setState] = useState({
    key: '', preview: /** @type {Preview | null} */ (null), error: /** @type {any} */ (null),
  });
  useEffect(() => {
    if (args === null) return undefined;
    const abort = new AbortController();
    const make = async () => {
      try {
        const body = { action, args, ...(await chosenRuns(choice, abort.signal)) };
        const { data } = await send('POST', '/bulk', { ...body, dryRun: true }, { signal: abort.signal });
        setState({ key, preview: { ...data, body }, error: null });
      } catch (error) {
        if (!abort.signal.aborted) setState({ key, preview: null, error });
      }
    };
    const timer = setTimeout(make, state.key === '' ? 0 : PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key]);
  return { ...state, loading: args !== null && state.key !== key };
}

/**
 * @typedef {{ids: string[]}
 *   | {query: Record<string, any>, filter: Record<string, any> | null, total: number}} Choice
 *   Runs that were selected, or all that match the parameters of a list. `filter` is null if the
 *   list has a condition that bulks don't have; then the runs are named by their ids.
 */

/** The most runs that a bulk names. */
const MOST_IDS = 40_000;
const PAGE = 500;

/**
 * Return the members of a request that choose the runs. Throws ApiError, and an Error for more runs
 * than can be named.
 *
 * @param {Choice} choice
 * @param {AbortSignal} signal
 * @returns {Promise<{ids?: string[], filter?: Record<string, any>, all?: boolean}>}
 */
async function chosenRuns(choice, signal) {
  if ('ids' in choice) return { ids: choice.ids };
  if (choice.filter === null) return { ids: await idsOf(choice.query, signal) };
  return Object.keys(choice.filter).length === 0 ? { all: true } : { filter: choice.filter };
}

/**
 * @param {Record<string, any>} query
 * @param {AbortSignal} signal
 */
async function idsOf(query, signal) {
  /** @type {string[]} */
  const ids = [];
  let cursor;
  do {
    const { data } = await get('/runs', { ...query, limit: PAGE, cursor }, { signal });
    ids.push(...data.runs.map((/** @type {any} */ run) => run.id));
    if (ids.length > MOST_IDS) {
      throw new Error(`More than ${formatCount(MOST_IDS)} runs match. Narrow the filter, for example by an earlier and a later time.`);
    }
    cursor = data.next;
  } while (cursor !== undefined);
  return ids;
}
