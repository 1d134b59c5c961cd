/** The dialog before an action on many runs: its options, and how many runs and which it concerns. */
import { html, useState } from '../../vendor/preact.js';
import { ApiError, send } from '../../core/api.js';
import { navigate } from '../../core/router.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { counted, formatCount, Status } from '../../components/values.js';
import { nameOf } from '../runs/run_name.js';
import { BulkOptions, toArgs } from './bulk_options.js';
import { usePreview } from './use_preview.js';

/** @type {Record<string, string>} */
const VERBS = { cancel: 'Cancel', retry: 'Retry', rerun: 'Rerun', pause: 'Pause', resume: 'Resume' };

/**
 * @param {{action: string, choice: import('./choose_runs.js').Choice, onClose: () => void}} props
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
      const { body, confirm } = /** @type {import('./use_preview.js').Preview} */ (preview);
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

/** @param {{preview: import('./use_preview.js').Preview}} props */
function Chosen({ preview: { count, sample } }) {
  const more = count - sample.length;
  return html`
    <p><strong>${formatCount(count)} ${count === 1 ? 'run is' : 'runs are'} chosen.</strong> Each gets an outcome of its own; a run whose state forbids the action is refused, and the others go on.</p>
    <ul class="chosen-runs">
      ${sample.map((run) => html`<li key=${run.id}><${Status} value=${run.status} /> ${nameOf(run)}</li>`)}
      ${more > 0 && html`<li class="muted">and ${formatCount(more)} more</li>`}
    </ul>`;
}
