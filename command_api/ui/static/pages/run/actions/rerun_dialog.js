/** Runs a run again: from a step, with another version, input, context or outputs; or says what would happen. */
import { html, useState } from '../../../vendor/preact.js';
import { CopyButton } from '../../../components/copy_button.js';
import { Dialog } from '../../../components/dialog.js';
import { Failure, Notice } from '../../../components/notice.js';
import { ApiError, send } from '../../../core/api.js';
import { navigate } from '../../../core/router.js';
import { rerunLine } from './command_lines.js';

/** @typedef {{from: string, visit: string, version: string, inputPatch: string, contextPatch: string,
 *   outputs: string, reason: string}} Fields */

/** @type {Fields} */
const EMPTY = {
  from: 'start', visit: '', version: 'pinned', inputPatch: '', contextPatch: '', outputs: '', reason: '',
};

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
      const { data } = await send('POST', path, { ...bodyOf(fields), dryRun });
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
      <div class="form-buttons">
        <button type="button" onClick=${() => ask(true)}>Preview</button>
        <button type="submit" class="primary">Start the rerun</button>
        <button type="button" onClick=${onClose}>Close</button>
        <${CopyButton} text=${() => rerunLine(run.id, fields.from)} label="command line">Command line<//>
      </div>
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

/** @param {{fields: Fields, steps: string[], change: (event: any) => void}} props */
function RerunFields({ fields, steps, change }) {
  return html`
    <label>From <input name="from" required maxlength="64" list="rerun-steps" value=${fields.from} onInput=${change} />
      <span class="muted">start, failed (the failed steps), or the id of a step</span></label>
    <datalist id="rerun-steps">${['start', 'failed', ...steps].map((id) => html`<option key=${id} value=${id} />`)}</datalist>
    <label>Visit of the step <input name="visit" type="number" min="1" value=${fields.visit} onInput=${change} />
      <span class="muted">in a loop; without one, the newest</span></label>
    <label>Version <input name="version" required pattern="pinned|latest|[1-9][0-9]{0,5}" value=${fields.version} onInput=${change} />
      <span class="muted">pinned (the one of this run), latest, or a number</span></label>
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
 * Return the body of the request; throws ApiError that names a member which isn't JSON.
 *
 * @param {Fields} fields
 */
function bodyOf({ from, visit, version, inputPatch, contextPatch, outputs, reason }) {
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
  if (text.trim() === '') return {};
  try {
    return { [name]: JSON.parse(text) };
  } catch (error) {
    const fault = { field: name, message: `isn’t JSON: ${/** @type {Error} */ (error).message}` };
    throw new ApiError(0, 'invalid', 'A field isn’t JSON.', [fault]);
  }
}

/** @param {{plan: any}} props */
function Plan({ plan: { copied, willRun, warnings } }) {
  return html`<${Notice} title="This would happen">
    <p>Taken over: ${copied.join(', ') || 'nothing'}.</p>
    <p>Would run: ${willRun.join(', ') || 'nothing'}.</p>
    ${warnings.map((/** @type {string} */ text) => html`<p class="tone-warn">${text}.</p>`)}
  <//>`;
}
