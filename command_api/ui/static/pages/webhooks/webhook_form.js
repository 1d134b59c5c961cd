/** The form that registers a webhook or changes one. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { Failure } from '../../components/notice.js';

const EVENTS = [
  'workflow.execution.started', 'workflow.execution.completed', 'workflow.execution.failed',
  'workflow.execution.cancelled', 'task.execution.started', 'task.execution.completed',
  'task.execution.failed', 'task.execution.retrying',
];
const FIRST = ['workflow.execution.completed', 'workflow.execution.failed'];

/**
 * @param {{webhook?: any, onDone: (answer: any) => void}} props Without a webhook, one is registered;
 *   its answer has the secret.
 */
export function WebhookForm({ webhook, onDone }) {
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [events, setEvents] = useState(/** @type {string[]} */ (webhook?.events ?? FIRST));
  const [flags, setFlags] = useState({ active: webhook?.active ?? true, ordered: webhook?.ordered ?? false });
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const toggle = (/** @type {string} */ name) => {
    setEvents(EVENTS.filter((one) => (one === name) !== events.includes(one)));
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const path = webhook ? `/webhooks/${webhook.id}` : '/webhooks';
      const { data } = await send(webhook ? 'PUT' : 'POST', path, { url, events, ...flags });
      onDone(data);
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return html`<form onSubmit=${submit}>
    ${failure && html`<${Failure} error=${failure} />`}
    <label>URL <input type="url" required value=${url} placeholder="where the receiver takes messages" spellcheck="false"
      onInput=${(/** @type {any} */ event) => setUrl(event.currentTarget.value)} /></label>
    <fieldset><legend>Events</legend>${EVENTS.map((name) => html`<label class="inline" key=${name}>
      <input type="checkbox" checked=${events.includes(name)} onChange=${() => toggle(name)} />${name}</label>`)}</fieldset>
    <${Flag} name="active" flags=${flags} onFlags=${setFlags}>Active: deliveries are sent<//>
    <${Flag} name="ordered" flags=${flags} onFlags=${setFlags}>Ordered: a run’s deliveries keep their order, so one
      that fails holds back the later ones<//>
    <div class="actions"><button type="submit" class="primary" disabled=${busy || events.length === 0}>
      ${webhook ? 'Save' : 'Register'}</button></div>
  </form>`;
}

/** @param {{name: 'active' | 'ordered', flags: any, onFlags: (flags: any) => void, children?: any}} props */
function Flag({ name, flags, onFlags, children }) {
  return html`<p><label class="inline"><input type="checkbox" checked=${flags[name]}
    onChange=${() => onFlags({ ...flags, [name]: !flags[name] })} /><span>${children}</span></label></p>`;
}
