/** The dialog before an action on many runs: its options, and how many runs and which it concerns. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { ApiError, get, send } from '../../core/api.js';
import { navigate } from '../../core/router.js';
import { Choice, Field, FormDialog } from '../../components/forms.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { counted, formatCount, nameOf, Status } from '../../components/values.js';
import { EMPTY, INFLIGHT, rerunBody, RerunFields, TIMERS } from '../run/dialogs.js';

/** @type {Record<string, string>} */
const VERBS = { cancel: 'Cancel', retry: 'Retry', rerun: 'Rerun', pause: 'Pause', resume: 'Resume' };

/**
 * The dialog before an action on many runs.
 *
 * @param {{action: string, choice: ChosenRuns, onClose: () => void}} props
 */
export function BulkDialog({ action, choice, onClose }) {
  const [entered, setEntered] = useState(/** @type {Record<string, string>} */ ({}));
  const [round, setRound] = useState(0);
  const [sure, setSure] = useState(false);
  const { args, fault } = read(action, entered);
  const { preview, error, loading } = usePreview(action, choice, args, round);
  const everyRun = preview?.body.all === true;
  const ready = preview !== null && !loading && args !== null && preview.count > 0 && (sure || !everyRun);
  const request = async () => {
    const { body, confirm } = /** @type {Preview} */ (preview);
    try {
      const { data } = await send('POST', '/bulk', 'ids' in body ? body : { ...body, confirm });
      onClose();
      navigate(`/bulk/${data.id}`);
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 409) setRound(round + 1);
      throw failure;
    }
  };
  const count = preview === null ? '' : ` ${counted(preview.count, 'run')}`;
  return html`<${FormDialog} title="${VERBS[action]} the chosen runs" label="${VERBS[action]}${count}" off=${!ready}
    wide=${action === 'rerun'} onClose=${onClose} onAct=${request}>
    ${preview ? html`<${Chosen} preview=${preview} />` : !error && html`<${Loading} label="Looking for the runs…" />`}
    <${BulkOptions} action=${action} entered=${entered} onEnter=${setEntered} />
    <${Failure} error=${fault ?? error} />
    ${everyRun && html`<${Notice} kind="warning" title="These are all runs of the tenant.">
      <label class="inline"><input type="checkbox" checked=${sure} onChange=${() => setSure(!sure)} /> Include every one of them</label>
    <//>`}
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
 * The options of a bulk's action: those of the same action on a single run.
 *
 * @param {{action: string, entered: Entered, onEnter: (entered: Entered) => void}} props
 */
function BulkOptions({ action, entered, onEnter }) {
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => onEnter({ ...entered, [name]: value });
  if (action === 'rerun') {
    return html`<div class="form-grid"><${RerunFields} fields=${{ ...EMPTY, ...entered }} steps=${[]}
      change=${(/** @type {any} */ { target }) => set(target.name)(target.value)} /></div>`;
  }
  return html`${(FIELDS[action] ?? []).map((name) => (CHOICES[name]
    ? html`<${Choice} key=${name} label=${LABELS[name]} value=${entered[name] || CHOICES[name][0][0]}
        options=${CHOICES[name]} onPick=${set(name)} />`
    : html`<${Field} key=${name} label=${LABELS[name]} maxlength="200" value=${entered[name] ?? ''} onInput=${set(name)} />`
  ))}`;
}

/**
 * @typedef {{body: Record<string, any>, count: number, sample: any[], confirm: string}} Preview
 *   `body` is the request that the preview was made of.
 */

const PAUSE_MS = 300;

/**
 * @param {string} action
 * @param {ChosenRuns} choice It stays the same while the component is shown.
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
 *   | {query: Record<string, any>, filter: Record<string, any> | null, total: number}} ChosenRuns
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
 * @param {ChosenRuns} choice
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
