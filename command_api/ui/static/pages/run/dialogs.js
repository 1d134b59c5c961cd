/** The dialogs of a run’s actions, and their options, which are the same for one run and for many. */
import { html, useState } from '../../vendor/preact.js';
import { ApiError, send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { navigate } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { cliLine, CopyButton } from '../../components/copy.js';
import { Choice, Field, FormDialog, parseJson, useAct } from '../../components/forms.js';
import { Failure, Loaded, Notice } from '../../components/notice.js';
import { attemptText } from './rows.js';

/** @type {[string, string][]} What a pause does with running attempts. */
export const INFLIGHT = [['finish', 'run to their end'], ['cancel', 'are cancelled, and start again after the pause']];

/** @type {[string, string][]} What a resume does with delays and backoffs. */
export const TIMERS = [
  ['fire', 'end at their original time'], ['shift', 'end later, by the time of the pause'], ['skip', 'end at once'],
];

/** @typedef {{from: string, visit: string, version: string, inputPatch: string, contextPatch: string,
 *   outputs: string, reason: string}} Fields */

/** @type {Fields} The options of a rerun that changes nothing. */
export const EMPTY = {
  from: 'start', visit: '', version: 'pinned', inputPatch: '', contextPatch: '', outputs: '', reason: '',
};

/**
 * The options of a rerun, the same for one run and for many.
 *
 * @param {{fields: Fields, steps: string[], change: (event: any) => void}} props `steps` are proposed.
 */
export function RerunFields({ fields, steps, change }) {
  return html`
    <label>From <input name="from" required maxlength="64" list="rerun-steps" value=${fields.from} onInput=${change} />
      <span class="muted">start, failed (the failed steps), or the id of a step</span></label>
    <datalist id="rerun-steps">${['start', 'failed', ...steps].map((id) => html`<option key=${id} value=${id} />`)}</datalist>
    <label>Visit of the step <input name="visit" type="number" min="1" value=${fields.visit} onInput=${change} />
      <span class="muted">in a loop; without one, the newest</span></label>
    <label>Version <input name="version" required pattern="pinned|latest|[1-9][0-9]{0,5}" value=${fields.version} onInput=${change} />
      <span class="muted">pinned (the one of the run), latest, or a number</span></label>
    <${JsonField} name="inputPatch" label="Change of the input" fields=${fields} change=${change}
      hint='a merge patch, such as {"card": "4242"}; null removes a member' />
    <${JsonField} name="contextPatch" label="Change of the context" fields=${fields} change=${change}
      hint="a merge patch of the context as it was at the step" />
    <${JsonField} name="outputs" label="Outputs of steps that don’t run" fields=${fields} change=${change}
      hint='by step id, such as {"validate": {"isValid": true}}' />
    <label>Reason <input name="reason" maxlength="200" value=${fields.reason} onInput=${change} /></label>`;
}

/** @param {{name: keyof Fields, label: string, hint: string, fields: Fields, change: (event: any) => void}} props */
function JsonField({ name, label, hint, fields, change }) {
  return html`<label>${label} <textarea name=${name} rows="2" spellcheck=${false} value=${fields[name]} onInput=${change}></textarea>
    <span class="muted">${hint}</span></label>`;
}

/**
 * Return the body of the request. Throws an ApiError that names a member that isn't JSON.
 *
 * @param {Fields} fields
 */
export function rerunBody({ from, visit, version, inputPatch, contextPatch, outputs, reason }) {
  return {
    from,
    version: /^\d+$/.test(version) ? Number(version) : version,
    ...(visit && { visit: Number(visit) }),
    ...member('inputPatch', inputPatch),
    ...member('contextPatch', contextPatch),
    ...member('outputs', outputs),
    ...(reason && { reason }),
  };
}

/**
 * @param {string} name
 * @param {string} text
 */
function member(name, text) {
  const { value, error } = parseJson(text);
  if (error !== undefined) {
    const fault = { field: name, message: `isn’t JSON that can be sent: ${error}` };
    throw new ApiError(0, 'invalid', 'A field isn’t JSON.', [fault]);
  }
  return value === undefined ? {} : { [name]: value };
}

/** @type {Record<string, {title: string, text: string}>} */
const WORDS = {
  cancel: {
    title: 'Cancel the run',
    text: 'Running steps are cancelled, and no further step starts. A cancelled run can be retried.',
  },
  pause: {
    title: 'Pause the run',
    text: 'No step starts until the run is resumed. Delays and backoffs stay due.',
  },
};

/** @typedef {{onClose: () => void, onPerform: (body: object) => Promise<void>}} Performing */

/**
 * Asks for the reason of a pause or a cancellation.
 *
 * @param {{action: string} & Performing} props `action` is "cancel" or "pause".
 */
export function ReasonDialog({ action, onClose, onPerform }) {
  const [reason, setReason] = useState('');
  const [inflight, setInflight] = useState('finish');
  const { title, text } = WORDS[action];
  const pauses = action === 'pause';
  return html`<${FormDialog} title=${title} label=${title} danger=${!pauses} onClose=${onClose}
    onAct=${() => onPerform({ ...(reason && { reason }), ...(pauses && { inflight }) })}>
    <p>${text}</p>
    <${Field} label="Reason, which the run shows" maxlength="200" value=${reason} onInput=${setReason} />
    ${pauses && html`<${Choice} label="Running attempts" value=${inflight} options=${INFLIGHT} onPick=${setInflight} />`}
  <//>`;
}

/**
 * Shows what resuming a run would do now, for each treatment of its timers, and resumes it.
 *
 * @param {{runId: string} & Performing} props
 */
export function ResumeDialog({ runId, onClose, onPerform }) {
  const [timers, setTimers] = useState('fire');
  const preview = useGet(`/runs/${encodeURIComponent(runId)}/resume-preview`, { timers });
  return html`<${FormDialog} title="Resume the run" label="Resume the run" onClose=${onClose}
    onAct=${() => onPerform({ timers })}>
    <${Choice} label="Delays and backoffs" value=${timers} options=${TIMERS} onPick=${setTimers} />
    <${Loaded} of=${preview}>${(/** @type {any} */ data) => html`<${Preview} preview=${data} />`}<//>
  <//>`;
}

/** @param {{preview: any}} props */
function Preview({ preview: { held, arrived, next } }) {
  return html`
    ${held.length > 0 && html`<h3>Timers</h3><ul>${held.map((/** @type {any} */ { stepId, kind, will, endsAt }) => html`<li>
      ${stepId}: the ${kind} ${will === 'fire' ? 'ends at once' : html`ends <${Time} at=${endsAt} />`}</li>`)}</ul>`}
    ${arrived.length > 0 && html`<h3>Outcomes that came during the pause</h3><ul>
      ${arrived.map((/** @type {any} */ { stepId, attempt, outcome }) => html`<li>${stepId}, attempt ${attempt}: ${outcome}</li>`)}</ul>`}
    <h3>Resuming records</h3>
    <ol>${next.map((/** @type {any} */ event) => html`<li>${nextText(event)}</li>`)}</ol>`;
}

/** @param {any} event */
function nextText({ event, stepId, visit, attempt }) {
  return [event.replace(/^run\./, ''), stepId, attemptText({ visit, attempt })].filter(Boolean).join(' ');
}

/**
 * The dialog that runs a run again, from a step and with other data, after showing what would
 * happen.
 *
 * @param {{run: any, steps: string[], from?: {stepId: string, visit: number} | null,
 *   onClose: () => void}} props `from` is the step from which the reader asked for the
 *   rerun; its visit is 0 if the run hasn't come to it.
 */
export function RerunDialog({ run, steps, from, onClose }) {
  const [fields, setFields] = useState(() => firstFields(run, from));
  const [plan, setPlan] = useState(/** @type {any} */ (null));
  const { failure, act } = useAct();
  const change = (/** @type {any} */ { target }) => {
    setPlan(null);
    setFields({ ...fields, [target.name]: target.value });
  };
  const ask = async (/** @type {boolean} */ dryRun) => (
    await send('POST', `/runs/${encodeURIComponent(run.id)}/rerun`, { ...rerunBody(fields), dryRun })
  ).data;
  const start = async () => {
    const { id } = await ask(false);
    onClose();
    navigate(`/runs/${encodeURIComponent(id)}`);
  };
  return html`<${FormDialog} title="Rerun" label="Start the rerun" wide onClose=${onClose} onAct=${start} buttons=${html`
    <${CopyButton} text=${() => cliLine('runs', 'rerun', run.id, '--from', fields.from)} label="command line">CLI<//>
    <button type="button" onClick=${() => act(async () => setPlan(await ask(true)))}>Preview</button>`}>
    <p>A new run takes over outcomes of this one. This run isn’t changed.</p>
    <div class="form-grid"><${RerunFields} fields=${fields} steps=${steps} change=${change} /></div>
    ${plan && html`<${Plan} plan=${plan} />`}
    <${Failure} error=${failure} />
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
