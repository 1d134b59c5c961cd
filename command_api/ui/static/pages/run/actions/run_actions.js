/** The actions of a run: the server says which it takes now, and why it refuses the others. */
import { html, useState } from '../../../vendor/preact.js';
import { send } from '../../../core/api.js';
import { readOnly } from '../../../core/router.js';
import { may } from '../../../core/session.js';
import { ActionButtons, Menu } from '../../../components/actions.js';
import { cliLine, copy, curlLine } from '../../../components/copy.js';
import { say } from '../../../components/notice.js';
import { ReasonDialog } from './reason_dialog.js';
import { ResumeDialog } from './resume_dialog.js';

const LABELS = { pause: 'Pause…', resume: 'Resume…', retry: 'Retry', cancel: 'Cancel…' };

/** Actions that ask something first. */
const ASKS = new Set(['cancel', 'pause', 'resume']);

/**
 * @param {{run: any, onChanged: () => void, onRerun: () => void}} props `onChanged` is called after
 *   the server has performed an action.
 */
export function RunActions({ run, onChanged, onRerun }) {
  const [asking, setAsking] = useState('');
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  const perform = async (/** @type {string} */ action, /** @type {object} */ body = {}) => {
    await send('POST', `/runs/${encodeURIComponent(run.id)}/${action}`, body);
    say(`The run was asked to ${action}.`);
    setAsking('');
    onChanged();
  };
  const act = (/** @type {string} */ action) => {
    setFailure(null);
    if (ASKS.has(action)) setAsking(action);
    else perform(action).catch(setFailure);
  };
  const close = () => setAsking('');
  const writes = may('orchestrator:write') && !readOnly.value;
  return html`<div class="run-actions" data-actions>
    ${writes && html`<${ActionButtons} actions=${run.actions} labels=${LABELS} onAct=${act} />
      <button type="button" onClick=${onRerun}>Rerun…</button>`}
    <${Menu} label="Copy" items=${copies(run)} />
    ${failure && html`<span class="tone-bad" role="alert">${failure.message}</span>`}
    <${ReasonDialog} action=${asking === 'pause' ? 'pause' : 'cancel'} onClose=${close}
      open=${asking === 'cancel' || asking === 'pause'}
      onPerform=${(/** @type {object} */ body) => perform(asking, body)} />
    ${asking === 'resume' && html`<${ResumeDialog} runId=${run.id} onClose=${close}
      onPerform=${(/** @type {object} */ body) => perform('resume', body)} />`}
  </div>`;
}

/** @param {any} run */
function copies(run) {
  return [
    { label: 'Id', onPick: () => copyText(run.id, 'id') },
    { label: 'curl line', onPick: () => copyText(curlLine('GET', `/runs/${encodeURIComponent(run.id)}`), 'curl line') },
    { label: 'Command line: show', onPick: () => copyText(cliLine('runs', 'show', run.id), 'command line') },
    { label: 'Command line: rerun', onPick: () => copyText(cliLine('runs', 'rerun', run.id, '--from', 'start'), 'command line') },
    { label: 'Command line: cancel', onPick: () => copyText(cliLine('runs', 'cancel', run.id), 'command line') },
    { label: 'Link to this page', onPick: () => copyText(location.href, 'link') },
  ];
}

/**
 * @param {string} text
 * @param {string} label
 */
async function copyText(text, label) {
  say(await copy(text) ? `Copied the ${label}.` : 'The browser didn’t allow copying.');
}
