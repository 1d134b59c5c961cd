/** Sends a message to its topic again, after showing what reading it now would give. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { may } from '../../core/session.js';
import { Failure, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { Ref } from '../streams/links.js';

/** @param {{path: string, onDone: () => void}} props `path` is that of the letter. */
export function Redrive({ path, onDone }) {
  const [open, setOpen] = useState(false);
  const [preview, setPreview] = useState(/** @type {any} */ (null));
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  if (!may('orchestrator:admin')) return null;
  const ask = async (/** @type {boolean} */ dryRun) => {
    setOpen(true);
    setBusy(true);
    setFailure(null);
    try {
      const { data } = await send('POST', `${path}/redrive?dryRun=${dryRun}`);
      setPreview(data);
      if (!dryRun) {
        setOpen(false);
        onDone();
      }
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  return html`<button type="button" disabled=${busy} onClick=${() => ask(true)}>Redrive…</button>
    <${Dialog} title="Redrive the message" open=${open} onClose=${() => setOpen(false)}>
      ${failure && html`<${Failure} error=${failure} />`}
      ${preview !== null && html`<${Preview} preview=${preview} />`}
      <${DialogButtons} onClose=${() => setOpen(false)}>
        <button type="button" class="primary" disabled=${busy || preview === null} onClick=${() => ask(false)}>Send it again</button>
      <//>
    <//>`;
}

/** @param {{preview: any}} props */
function Preview({ preview }) {
  if (!preview.readable) {
    return html`<${Notice} kind="warning" title="The message still can’t be read: ${preview.reason}">
      Sent again, it becomes another dead letter. Its sender has to send a corrected one.<//>`;
  }
  return html`<p>The message goes to the topic <code>${preview.topic}</code> again. Now it can be read:</p>
    <ul>${preview.events.map((/** @type {any} */ one) => html`<li key=${one.id}>${one.type} of ${one.structure}
      ${' '}${one.recordId}: <${Effect} one=${one} /></li>`)}</ul>
    ${preview.events.length === 0 && html`<p class="muted">Its events are hidden, because it names no tenant.</p>`}`;
}

/** @param {{one: any}} props What a record event would do. */
function Effect({ one }) {
  if (one.known) return html`it is recorded already as <${Ref} kind="record" id=${one.id} />, so it starts nothing`;
  return one.starts.length > 0 ? `it starts ${one.starts.join(', ')}` : 'no definition waits for it';
}
