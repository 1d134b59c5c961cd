/** The dialogs of a run’s actions: why it is paused or cancelled, what resuming does, and a rerun. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { navigate } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { cliLine, CopyButton } from '../../components/copy.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { EMPTY, INFLIGHT, rerunBody, RerunFields, TIMERS } from './action_options.js';
import { attemptText } from './rows.js';

const WORDS = {
  cancel: {
    title: 'Cancel the run',
    text: 'Running steps are cancelled, and no further step starts. A cancelled run can be retried.',
    button: 'Cancel the run',
  },
  pause: {
    title: 'Pause the run',
    text: 'No step starts until the run is resumed. Delays and backoffs stay due.',
    button: 'Pause the run',
  },
};

/**
 * @param {{action: 'cancel' | 'pause', onClose: () => void,
 *   onPerform: (body: object) => Promise<void>}} props
 */
export function ReasonDialog({ action, onClose, onPerform }) {
  const [reason, setReason] = useState('');
  const [inflight, setInflight] = useState('finish');
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  const { title, text, button } = WORDS[action];
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setFailure(null);
    const body = { ...(reason && { reason }), ...(action === 'pause' && { inflight }) };
    onPerform(body).catch(setFailure);
  };
  return html`<${Dialog} title=${title} open onClose=${onClose}>
    <form onSubmit=${submit} class="form">
      <p>${text}</p>
      <label>Reason, which the run shows <input maxlength="200" value=${reason}
        onInput=${(/** @type {any} */ event) => setReason(event.target.value)} /></label>
      ${action === 'pause' && html`<label>Running attempts
        <select value=${inflight} onChange=${(/** @type {any} */ event) => setInflight(event.target.value)}>
          ${INFLIGHT.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
        </select></label>`}
      ${failure && html`<${Failure} error=${failure} />`}
      <${DialogButtons} onClose=${onClose}>
        <button type="submit" class=${action === 'cancel' ? 'danger' : 'primary'}>${button}</button>
      <//>
    </form>
  <//>`;
}

/**
 * @param {{runId: string, onClose: () => void, onPerform: (body: object) => Promise<void>}} props
 */
export function ResumeDialog({ runId, onClose, onPerform }) {
  const [timers, setTimers] = useState('fire');
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  const path = `/runs/${encodeURIComponent(runId)}/resume-preview`;
  const { data, error } = useGet(path, { timers });
  return html`<${Dialog} title="Resume the run" open onClose=${onClose}>
    <div class="form">
      <label>Delays and backoffs <select value=${timers}
          onChange=${(/** @type {any} */ event) => setTimers(event.target.value)}>
        ${TIMERS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}
      </select></label>
      ${data === undefined ? !error && html`<${Loading} />` : html`<${Preview} preview=${data} />`}
      ${(error || failure) && html`<${Failure} error=${error ?? failure} />`}
      <${DialogButtons} onClose=${onClose}>
        <button type="button" class="primary"
          onClick=${() => onPerform({ timers }).catch(setFailure)}>Resume the run</button>
      <//>
    </div>
  <//>`;
}

/** @param {{preview: any}} props */
function Preview({ preview: { held, arrived, next } }) {
  return html`
    ${held.length > 0 && html`<h3>Timers</h3><ul>${held.map((/** @type {any} */ one) => html`<li>
      ${one.stepId}: the ${one.kind} ${one.will === 'fire' ? 'ends at once' : html`ends <${Time} at=${one.endsAt} />`}</li>`)}</ul>`}
    ${arrived.length > 0 && html`<h3>Outcomes that came during the pause</h3><ul>
      ${arrived.map((/** @type {any} */ one) => html`<li>${one.stepId}, attempt ${one.attempt}: ${one.outcome}</li>`)}</ul>`}
    <h3>Resuming records</h3>
    <ol>${next.map((/** @type {any} */ one) => html`<li>${nextText(one)}</li>`)}</ol>`;
}

/** @param {any} one */
function nextText({ event, stepId, visit, attempt }) {
  return [event.replace(/^run\./, ''), stepId, attemptText({ visit, attempt })].filter(Boolean).join(' ');
}

/** @typedef {import('./action_options.js').Fields} Fields */

/**
 * @param {{run: any, steps: string[], from?: {stepId: string, visit: number} | null,
 *   onClose: () => void}} props `from` is the step from which the reader asked for the
 *   rerun; its visit is 0 if the run hasn't come to it.
 */
export function RerunDialog({ run, steps, from, onClose }) {
  const [fields, setFields] = useState(() => firstFields(run, from));
  const [plan, setPlan] = useState(/** @type {any} */ (null));
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  const change = (/** @type {any} */ { target }) => {
    setPlan(null);
    setFields({ ...fields, [target.name]: target.value });
  };
  const ask = async (/** @type {boolean} */ dryRun) => {
    setFailure(null);
    try {
      const path = `/runs/${encodeURIComponent(run.id)}/rerun`;
      const { data } = await send('POST', path, { ...rerunBody(fields), dryRun });
      if (dryRun) setPlan(data);
      else {
        onClose();
        navigate(`/runs/${encodeURIComponent(data.id)}`);
      }
    } catch (error) {
      setFailure(/** @type {Error} */ (error));
    }
  };
  return html`<${Dialog} title="Rerun" open wide onClose=${onClose}>
    <form class="form" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); ask(false); }}>
      <p>A new run takes over outcomes of this one. This run isn’t changed.</p>
      <div class="form-grid"><${RerunFields} fields=${fields} steps=${steps} change=${change} /></div>
      ${plan && html`<${Plan} plan=${plan} />`}
      ${failure && html`<${Failure} error=${failure} />`}
      <${DialogButtons} onClose=${onClose}>
        <${CopyButton} text=${() => cliLine('runs', 'rerun', run.id, '--from', fields.from)} label="command line">CLI<//>
        <button type="button" onClick=${() => ask(true)}>Preview</button>
        <button type="submit" class="primary">Start the rerun</button>
      <//>
    </form>
  <//>`;
}

/**
 * @param {any} run
 * @param {{stepId: string, visit: number} | null | undefined} from
 * @returns {Fields}
 */
function firstFields(run, from) {
  if (from) return { ...EMPTY, from: from.stepId, visit: from.visit > 0 ? String(from.visit) : '' };
  return run.status === 'failed' ? { ...EMPTY, from: 'failed' } : EMPTY;
}

/** @param {{plan: any}} props */
function Plan({ plan: { copied, willRun, warnings } }) {
  return html`<${Notice} title="This would happen">
    <p>Taken over: ${copied.join(', ') || 'nothing'}.</p>
    <p>Would run: ${willRun.join(', ') || 'nothing'}.</p>
    ${warnings.map((/** @type {string} */ text) => html`<p class="tone-warn">${text}.</p>`)}
  <//>`;
}
