/** The state of the services: the hold, checks, followers, leases, executors, views, the clock and settings. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { readOnly } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { PAST } from '../../components/actions.js';
import { Failure, Loaded, Loading, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { PlainTable } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { ROLES } from '../overview/overview.js';
import { Views } from './views.js';

/** The title of the page. */
export const title = () => 'System';

const EVERY_MS = 2000;

/** The whole page. */
export default function SystemPage() {
  const { data: system, error, reload } = useGet('/system', {}, { everyMs: EVERY_MS });
  if (error && !system) return html`<h1>System</h1><${Failure} error=${error} onRetry=${reload} />`;
  if (system === undefined) return html`<${Loading} />`;
  return html`
    <div class="page-head"><h1>System</h1> <${Status} value=${system.ready ? 'ready' : 'unavailable'} />
      <span class="muted">as the server that answers sees it</span></div>
    ${error && html`<${Failure} error=${error} />`}
    ${!system.ready && html`<${Notice} kind="error" title="The server isn’t ready.">The failing check below says what
      it waits for. Commands are refused only while the store doesn’t answer.<//>`}
    <${Hold} hold=${system.hold} onChange=${reload} />
    <${Fields} rows=${[
      ...Object.entries(system.checks).map(([name, value]) => [name, html`<${Status} value=${value} />`]),
      ['Log', `position ${formatCount(system.head)}`],
      ['Baton', `${system.versions.baton}, Python ${system.versions.python}`],
      ['Waiting calls', String(system.waitingCalls)],
    ]} />
    ${system.virtualTime && may('orchestrator:admin') && html`<${Clock} />`}
    <div class="sections">
      <section><h2>Followers of the log</h2><${PlainTable} label="Followers" heads=${['Name', 'Position', 'Behind']}
        rows=${system.followers.map((/** @type {any} */ { name, position, lag }) => [ROLES[name] ?? name, position, lag])} /></section>
      <section><h2>Leases</h2><${PlainTable} label="Leases" heads=${['Job', 'Holder', 'Epoch', 'Until']}
        rows=${system.leases.map((/** @type {any} */ one) => [one.name, html`<code>${one.holder}</code>`, one.epoch,
          html`<${Time} at=${one.expiresAt} />`])}
        empty="No process holds a lease: neither a projector nor a scheduler works." /></section>
      <section><h2>Executors <span class="count">${system.executors}</span></h2><${Executors} system=${system} /></section>
      <section><h2>Functions <span class="count">${system.functions}</span></h2><${Functions} /></section>
    </div>
    ${may('orchestrator:admin') && html`<${Views} />`}
    ${system.config && html`<${Settings} config=${system.config} />`}`;
}

/** @param {{system: any}} props The executors with the partitions of the log that they own. */
function Executors({ system: { executors, partitions } }) {
  if (executors === 0) {
    return html`<${Notice} kind="warning" title="No executor runs.">Steps wait until <code>baton executor</code> starts.<//>`;
  }
  if (!partitions) return html`<p class="muted">The log has no partitions here: any executor takes any run.</p>`;
  return html`<${PlainTable} label="Partitions" heads=${['Member', 'Host', 'Partitions']}
    rows=${partitions.map((/** @type {any} */ one) => [html`<code>${one.member}</code>`, one.host, one.partitions.join(', ')])}
    empty="No executor owns a partition yet." />`;
}

const FUNCTIONS_EVERY_MS = 5000;

/** A table of the functions. */
function Functions() {
  const found = useGet('/functions', {}, { everyMs: FUNCTIONS_EVERY_MS });
  return html`<${Loaded} of=${found}>${(/** @type {any} */ data) => html`<p class="muted">${formatCount(data.queueDepth)} runs and calls of this tenant wait.
      ${data.queues.length > 0 && ` Queues of workers: ${data.queues.join(', ')}.`}</p>
    <${PlainTable} label="Functions" heads=${['Name', 'Kind', 'Queue', 'Also called']}
      rows=${data.functions.map((/** @type {any} */ one) => [html`<code>${one.name}</code>`, one.kind, one.queue, one.aliases.join(', ')])}
      empty="No executor has announced functions. Name their files in BATON_FUNCTIONS." />`}<//>`;
}

/** @param {{config: Record<string, any>}} props */
function Settings({ config }) {
  const [text, setText] = useState('');
  const names = Object.keys(config).filter((name) => name.includes(text.trim().toLowerCase()));
  return html`<details class="settings"><summary><h2>Settings</h2></summary>
    <p class="muted">Those of the process that answers. Secrets and the passwords of addresses are masked.</p>
    <label>Find <input type="search" value=${text} onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} /></label>
    <${PlainTable} label="Settings" heads=${['Setting', 'Value']} empty="No setting has this text in its name."
      rows=${names.sort().map((name) => [html`<code>BATON_${name.toUpperCase()}</code>`, html`<code>${shown(config[name])}</code>`])} />
  </details>`;
}

/** @param {any} value */
function shown(value) {
  if (value === null || value === '') return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * @typedef {{held: boolean, since?: string, by?: string, reason?: string}} HoldState
 * @typedef {(action: 'hold' | 'release', body: object) => Promise<void>} Act
 */

/** @param {{hold: HoldState, onChange: () => void}} props `onChange` is called after a change. */
function Hold({ hold, onChange }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  /** @type {Act} */
  const act = async (action, body) => {
    setOpen(false);
    setBusy(true);
    setFailure(null);
    await send('POST', `/system/${action}`, body).catch(setFailure);
    setBusy(false);
    onChange();
  };
  const off = busy || readOnly.value;
  const button = (/** @type {string} */ label, /** @type {() => void} */ onClick) => may('orchestrator:admin')
    && html`<div class="actions"><button type="button" disabled=${off} title=${readOnly.value ? PAST : undefined}
      onClick=${onClick}>${label}</button></div>`;
  return html`${failure && html`<${Failure} error=${failure} />`}
    ${hold.held ? html`<${Notice} kind="warning" title="The server is held">
      by ${hold.by} <${Time} at=${hold.since} />${hold.reason ? `: ${hold.reason}` : ''}. No step starts and nothing
      fires until the server is released.
      ${button('Release', () => act('release', {}))}<//>` : button('Hold…', () => setOpen(true))}
    ${open && html`<${HoldDialog} onClose=${() => setOpen(false)} onAct=${act} />`}`;
}

/** @param {{onClose: () => void, onAct: Act}} props */
function HoldDialog({ onClose, onAct }) {
  const [reason, setReason] = useState('');
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onAct('hold', reason.trim() === '' ? {} : { reason: reason.trim() });
  };
  return html`<${Dialog} title="Hold the server" open onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <p>A second later no step starts in any tenant, and no timer, schedule or record event fires. Running attempts
        may end. Requests are taken, and go on with the release.</p>
      <label>Reason, which this page shows <input maxlength="200" value=${reason}
        onInput=${(/** @type {any} */ event) => setReason(event.currentTarget.value)} /></label>
      <${DialogButtons} onClose=${onClose}>
        <button type="submit" class="primary">Hold the server</button>
      <//>
    </form>
  <//>`;
}

const STEPS = ['1m', '1h', '1d', '7d'];

/** The time, what is due next, and buttons that move the clock. */
function Clock() {
  const { data: clock, error, reload } = useGet('/clock', {}, { everyMs: EVERY_MS });
  const [by, setBy] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const move = async (/** @type {{advance: string} | {to: string}} */ body) => {
    setBusy(true);
    setFailure(null);
    await send('POST', '/clock', body).catch(setFailure);
    setBusy(false);
    reload();
  };
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (by.trim() !== '') move({ advance: by.trim() });
  };
  return html`<section class="clock"><h2>Virtual time</h2>
    ${(failure ?? error) && html`<${Failure} error=${failure ?? error} />`}
    ${!clock && !error && html`<${Loading} />`}
    ${clock && html`<p>The clock stands at <strong><${Time} at=${clock.now} milliseconds /></strong>.
      ${clock.nextDueAt ? html` Something is due at <${Time} at=${clock.nextDueAt} />.` : ' Nothing is due, whatever the clock shows.'}
      ${' '}Everything that is due on the way of a move happens in its order. Sessions and tokens expire by this
      clock, too.</p>
    <form class="actions" onSubmit=${onSubmit}>
      ${clock.nextDueAt && html`<button type="button" disabled=${busy} onClick=${() => move({ to: clock.nextDueAt })}>To what is due next</button>`}
      ${STEPS.map((step) => html`<button type="button" key=${step} disabled=${busy} onClick=${() => move({ advance: step })}>+ ${step}</button>`)}
      <input type="text" aria-label="Move the clock by" placeholder="90s, 3h, 2d" value=${by}
        onInput=${(/** @type {any} */ event) => setBy(event.currentTarget.value)} />
      <button type="submit" disabled=${busy || by.trim() === ''}>Move</button>
      ${busy && html`<span class="muted">Moving…</span>`}
    </form>`}
  </section>`;
}
