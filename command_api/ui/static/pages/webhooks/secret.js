/** Signing secrets: shown once, in a dialog, and never part of an address. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { CopyButton } from '../../components/copy.js';
import { Failure, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';

const BYTES = 32;

/**
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
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const rotate = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const path = `/webhooks/${webhook.id}`;
      const before = await send('PUT', path, {});
      const after = await send('PUT', path, { secret: newSecret() });
      setSecrets([
        { label: 'New secret', value: after.data.secret },
        { label: 'Former secret', value: before.data.secret },
      ]);
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  if (secrets !== null) return html`<${SecretDialog} secrets=${secrets} onClose=${onClose} />`;
  return html`<${Dialog} title="Change the signing secret" open onClose=${onClose}>
    ${failure && html`<${Failure} error=${failure} />`}
    <p>Baton makes a new secret. For 24 hours every message is signed with the new and the former one, so the
      receiver may change over at any time in between.</p>
    <${DialogButtons} onClose=${onClose}>
      <button type="button" class="primary" disabled=${busy} onClick=${rotate}>Change the secret</button>
    <//>
  <//>`;
}

/** Return a new secret in the form of Standard Webhooks. */
function newSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
