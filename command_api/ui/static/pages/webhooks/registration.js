/** The form that registers a webhook or changes one, and its signing secret, which is shown once. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { CopyButton } from '../../components/copy.js';
import { Field, FormDialog } from '../../components/forms.js';
import { Notice } from '../../components/notice.js';
import { Dialog } from '../../components/panes.js';

const EVENTS = [
  'workflow.execution.started', 'workflow.execution.completed', 'workflow.execution.failed',
  'workflow.execution.cancelled', 'task.execution.started', 'task.execution.completed',
  'task.execution.failed', 'task.execution.retrying',
];
const FIRST = ['workflow.execution.completed', 'workflow.execution.failed'];

/**
 * The dialog that registers a webhook or changes one.
 *
 * @param {{webhook?: any, onDone: (answer: any) => void, onClose: () => void}} props Without a webhook,
 *   one is registered; its answer has the secret.
 */
export function WebhookDialog({ webhook, onDone, onClose }) {
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [events, setEvents] = useState(/** @type {string[]} */ (webhook?.events ?? FIRST));
  const [flags, setFlags] = useState({ active: webhook?.active ?? true, ordered: webhook?.ordered ?? false });
  const toggle = (/** @type {string} */ name) => {
    setEvents(EVENTS.filter((event) => (event === name) !== events.includes(event)));
  };
  const save = async () => {
    const path = webhook ? `/webhooks/${webhook.id}` : '/webhooks';
    onDone((await send(webhook ? 'PUT' : 'POST', path, { url, events, ...flags })).data);
  };
  return html`<${FormDialog} title=${webhook ? 'Change the webhook' : 'Register a webhook'} label=${webhook ? 'Save' : 'Register'}
    off=${events.length === 0 && 'Choose an event.'} onClose=${onClose} onAct=${save}>
    <${Field} label="URL" type="url" required placeholder="where the receiver takes messages" spellcheck="false"
      value=${url} onInput=${setUrl} />
    <fieldset><legend>Events</legend>${EVENTS.map((name) => html`<label class="inline" key=${name}>
      <input type="checkbox" checked=${events.includes(name)} onChange=${() => toggle(name)} />${name}</label>`)}</fieldset>
    <${Flag} name="active" flags=${flags} onFlags=${setFlags}>Active: deliveries are sent<//>
    <${Flag} name="ordered" flags=${flags} onFlags=${setFlags}>Ordered: a run’s deliveries keep their order, so one
      that fails holds back the later ones<//>
  <//>`;
}

/** @param {{name: 'active' | 'ordered', flags: any, onFlags: (flags: any) => void, children?: any}} props */
function Flag({ name, flags, onFlags, children }) {
  return html`<p><label class="inline"><input type="checkbox" checked=${flags[name]}
    onChange=${() => onFlags({ ...flags, [name]: !flags[name] })} /><span>${children}</span></label></p>`;
}

const BYTES = 32;

/**
 * Signing secrets: shown once, in a dialog, and never part of an address.
 *
 * @param {{secrets: {label: string, value: string | null}[] | null, onClose: () => void}} props
 *   Null shows no dialog.
 */
export function SecretDialog({ secrets, onClose }) {
  return html`<${Dialog} title="Keep the secret" open=${secrets !== null} onClose=${onClose}>
    <${Notice} kind="warning" title="This is the only time that it is shown.">Give it to the receiver, which
      verifies each message by it. Baton stores it encrypted.<//>
    <dl class="secrets">${secrets?.map(({ label, value }) => html`<div key=${label}><dt>${label}</dt><dd>
      ${value === null ? html`<span class="muted">not stored here</span>`
        : html`<code>${value}</code> <${CopyButton} text=${value} label=${label.toLowerCase()} />`}
    </dd></div>`)}</dl>
    <div class="actions"><button type="button" class="primary" onClick=${onClose}>I have kept it</button></div>
  <//>`;
}

/** @param {{webhook: any, onClose: () => void}} props Changes the secret and shows both. */
export function Rotation({ webhook, onClose }) {
  const [secrets, setSecrets] = useState(/** @type {any} */ (null));
  const rotate = async () => {
    const path = `/webhooks/${webhook.id}`;
    const before = await send('PUT', path, {});
    const after = await send('PUT', path, { secret: newSecret() });
    setSecrets([
      { label: 'New secret', value: after.data.secret },
      { label: 'Former secret', value: before.data.secret },
    ]);
  };
  if (secrets !== null) return html`<${SecretDialog} secrets=${secrets} onClose=${onClose} />`;
  return html`<${FormDialog} title="Change the signing secret" label="Change the secret" onClose=${onClose} onAct=${rotate}>
    <p>Baton makes a new secret. For 24 hours every message is signed with the new and the former one, so the
      receiver may change over at any time in between.</p>
  <//>`;
}

/** Return a new secret in the form of Standard Webhooks. */
function newSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
