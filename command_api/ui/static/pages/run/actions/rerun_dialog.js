/** The dialog that runs a run again, from a step and with other data, after showing what would happen. */
import { html, useState } from '../../../vendor/preact.js';
import { send } from '../../../core/api.js';
import { navigate } from '../../../core/router.js';
import { cliLine, CopyButton } from '../../../components/copy.js';
import { Failure, Notice } from '../../../components/notice.js';
import { Dialog, DialogButtons } from '../../../components/panes.js';
import { EMPTY, rerunBody, RerunFields } from './rerun_fields.js';

/** @typedef {import('./rerun_fields.js').Fields} Fields */

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
