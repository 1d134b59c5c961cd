/** The state of the services: the hold, checks, followers, leases, executors, views, the clock and settings. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { readOnly } from '../../core/router.js';
import { may } from '../../core/session.js';
import { formatDuration, Time } from '../../core/time.js';
import { Action, whyNow } from '../../components/actions.js';
import { Field, FormDialog, submit, useAct } from '../../components/forms.js';
import { Failure, Loaded, Notice } from '../../components/notice.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { ROLES } from '../overview/overview.js';

const EVERY_MS = 2000;

/** The whole page. */
export function SystemPage() {
  const answer = useGet('/system', {}, { everyMs: EVERY_MS });
  return html`<${Loaded} of=${answer} title="System">${(/** @type {any} */ system) => html`
    <div class="page-head"><h1>System</h1> <${Status} value=${system.ready ? 'ready' : 'unavailable'} />
      <span class="muted">as the server that answers sees it</span>
      <${Hold} hold=${system.hold} onChange=${answer.reload} /></div>
    ${!system.ready && html`<${Notice} kind="error" title="The server isn’t ready.">The failing check below says what
      it waits for. Commands are refused only while the store doesn’t answer.<//>`}
    <${Fields} rows=${[
      ...Object.entries(system.checks).map(([name, value]) => [labelOf(name), html`<${Status} value=${value} />`]),
      ['Log', `position ${formatCount(system.head)}`],
      ['Baton', `${system.versions.baton}, Python ${system.versions.python}`],
      ['Waiting calls', String(system.waitingCalls)],
    ]} />
    ${system.virtualTime && may('orchestrator:admin') && html`<${Clock} />`}
    <div class="sections">
      <section><h2>Followers of the log</h2><${PlainTable} label="Followers" heads=${['Name', 'Position', 'Behind']}
        rows=${system.followers.map((/** @type {any} */ { name, position, lag }) => [ROLES[name] ?? name, position, lag])} /></section>
      <section><h2>Leases</h2><${PlainTable} label="Leases" heads=${['Job', 'Holder', 'Epoch', 'Until']}
        rows=${system.leases.map((/** @type {any} */ { name, holder, epoch, expiresAt }) => [name, html`<code>${holder}</code>`, epoch,
          html`<${Time} at=${expiresAt} />`])}
        empty="No process holds a lease: neither a projector nor a scheduler works." /></section>
      <section><h2>Executors <span class="count">${system.executors}</span></h2><${Executors} system=${system} /></section>
      <section><h2>Functions <span class="count">${system.functions}</span></h2><${Functions} /></section>
    </div>
    ${may('orchestrator:admin') && html`<${Views} />`}
    ${system.config && html`<${Settings} config=${system.config} />`}`}<//>`;
}

SystemPage.title = () => 'System';

/** Return the name of a check as a label. @param {string} name */
const labelOf = (name) => name[0].toUpperCase() + name.slice(1).replaceAll('_', ' ');

/** @param {{system: any}} props The executors with the partitions of the log that they own. */
function Executors({ system: { executors, partitions } }) {
  if (executors === 0) {
    return html`<${Notice} kind="warning" title="No executor runs.">Steps wait until <code>baton executor</code> starts.<//>`;
  }
  if (!partitions) return html`<p class="muted">The log has no partitions here: any executor takes any run.</p>`;
  return html`<${PlainTable} label="Partitions" heads=${['Member', 'Host', 'Partitions']}
    rows=${partitions.map((/** @type {any} */ owner) => [html`<code>${owner.member}</code>`, owner.host, owner.partitions.join(', ')])}
    empty="No executor owns a partition yet." />`;
}

const FUNCTIONS_EVERY_MS = 5000;

/** A table of the functions. */
function Functions() {
  const functions = useGet('/functions', {}, { everyMs: FUNCTIONS_EVERY_MS });
  return html`<${Loaded} of=${functions}>${(/** @type {any} */ data) => html`<p class="muted">${formatCount(data.queueDepth)} runs and calls of this tenant wait.
      ${data.queues.length > 0 && ` Queues of workers: ${data.queues.join(', ')}.`}</p>
    <${PlainTable} label="Functions" heads=${['Name', 'Kind', 'Queue', 'Also called']}
      rows=${data.functions.map((/** @type {any} */ { name, kind, queue, aliases }) => [html`<code>${name}</code>`, kind, queue, aliases.join(', ')])}
      empty="No executor has announced functions. Name their files in BATON_FUNCTIONS." />`}<//>`;
}

/**
 * The settings of the server that answers; secrets are masked by the server.
 *
 * @param {{config: Record<string, any>}} props
 */
function Settings({ config }) {
  const [text, setText] = useState('');
  const names = Object.keys(config).filter((name) => name.includes(text.trim().toLowerCase()));
  return html`<details class="settings"><summary><h2>Settings</h2></summary>
    <p class="muted">Those of the process that answers. Secrets and the passwords of addresses are masked.</p>
    <${Field} label="Find" type="search" value=${text} onInput=${setText} />
    <${PlainTable} label="Settings" heads=${['Setting', 'Value']} empty="No setting has this text in its name."
      rows=${names.sort().map((name) => [html`<code>BATON_${name.toUpperCase()}</code>`, html`<code>${settingText(config[name])}</code>`])} />
  </details>`;
}

/** @param {any} value */
function settingText(value) {
  if (value === null || value === '') return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * The hold on the whole server: since when, by whom and why; and holding and releasing it.
 *
 * @param {{hold: {held: boolean, since?: string, by?: string, reason?: string},
 *   onChange: () => void}} props `onChange` is called after a change.
 */
function Hold({ hold, onChange }) {
  const [open, setOpen] = useState(false);
  const { busy, failure, act } = useAct();
  const release = () => act(() => send('POST', '/system/release', {}).finally(onChange));
  const button = (/** @type {string} */ label, /** @type {() => void} */ onAct) => may('orchestrator:admin')
    && html`<div class="actions"><${Action} label=${label} busy=${busy} why=${whyNow()} onAct=${onAct} /></div>`;
  return html`<${Failure} error=${failure} />
    ${hold.held ? html`<${Notice} kind="warning" title="The server is held">
      by ${hold.by} <${Time} at=${hold.since} />${hold.reason ? `: ${hold.reason}` : ''}. No step starts and nothing
      fires until the server is released.
      ${button('Release', release)}<//>` : button('Hold…', () => setOpen(true))}
    ${open && html`<${HoldDialog} onClose=${() => setOpen(false)} onHeld=${onChange} />`}`;
}

/** @param {{onClose: () => void, onHeld: () => void}} props */
function HoldDialog({ onClose, onHeld }) {
  const [reason, setReason] = useState('');
  const hold = async () => {
    await send('POST', '/system/hold', reason.trim() === '' ? {} : { reason: reason.trim() });
    onClose();
    onHeld();
  };
  return html`<${FormDialog} title="Hold the server" label="Hold the server" onClose=${onClose} onAct=${hold}>
    <p>A second later no step starts in any tenant, and no timer, schedule or record event fires. Running attempts
      may end. Requests are taken, and go on with the release.</p>
    <${Field} label="Reason, which this page shows" maxlength="200" value=${reason} onInput=${setReason} />
  <//>`;
}

const STEPS = ['1m', '1h', '1d', '7d'];

/** The time, the next due time, and buttons that move the clock. */
function Clock() {
  const answer = useGet('/clock', {}, { everyMs: EVERY_MS });
  const [by, setBy] = useState('');
  const { busy, failure, act } = useAct();
  const move = (/** @type {{advance: string} | {to: string}} */ body) => act(() => send('POST', '/clock', body).finally(answer.reload));
  return html`<section class="clock"><h2>Virtual time</h2>
    <${Failure} error=${failure} />
    <${Loaded} of=${answer}>${(/** @type {any} */ clock) => html`<p>The clock shows <strong><${Time} at=${clock.now} milliseconds /></strong>.
      ${clock.nextDueAt ? html` The next due time is <${Time} at=${clock.nextDueAt} />.` : ' Nothing is due.'}
      ${' '}A move performs everything that becomes due, in order. Sessions and tokens expire by this clock, too.</p>
    <form class="actions" onSubmit=${submit(() => by.trim() && move({ advance: by.trim() }))}>
      ${clock.nextDueAt && html`<button type="button" disabled=${busy} onClick=${() => move({ to: clock.nextDueAt })}>To the next due time</button>`}
      ${STEPS.map((step) => html`<button type="button" key=${step} disabled=${busy} onClick=${() => move({ advance: step })}>+ ${step}</button>`)}
      <input type="text" aria-label="Move the clock by" placeholder="90s, 3h, 2d" value=${by}
        onInput=${(/** @type {any} */ event) => setBy(event.currentTarget.value)} />
      <button type="submit" disabled=${busy || by.trim() === ''}>Move</button>
      ${busy && html`<span class="muted">Moving…</span>`}
    </form>`}<//>
  </section>`;
}

const BUILDING_MS = 700;
const RESTING_MS = 5000;
const MB = 1_000_000;
const HEADS = ['Set', 'State', 'Position', 'Behind', 'Progress', 'Differences', 'Size', 'Made', 'Action'];

/** The sets, and the button that builds one. */
function Views() {
  const [everyMs, setEveryMs] = useState(RESTING_MS);
  const answer = useGet('/views', {}, { everyMs });
  const { failure, act } = useAct();
  const [chosen, setChosen] = useState(/** @type {any} */ (null));
  const building = answer.data?.sets.some((/** @type {any} */ { state }) => state === 'building');
  const wanted = building ? BUILDING_MS : RESTING_MS;
  if (wanted !== everyMs) setEveryMs(wanted);
  const ask = (/** @type {string} */ path, /** @type {object} */ body) => send('POST', path, body).finally(answer.reload);
  const promote = async (/** @type {string} */ path, /** @type {object} */ body) => {
    await ask(path, body);
    setChosen(null);
  };
  return html`<section><h2>Sets of views</h2>
    <p class="muted">Queries read the live set. Another one can be built from the events beside it, is compared with
      it, and is promoted: readers switch within a second.</p>
    <${Failure} error=${failure} />
    <${Loaded} of=${answer}>${(/** @type {any} */ { sets, head }) => html`<${PlainTable} label="Sets of views" heads=${HEADS}
      rows=${sets.map((/** @type {any} */ set) => cellsOf(set, head, setChosen))} />`}<//>
    <div class="actions"><${Action} label="Build another set" why=${whyNow(building && 'A set is being built.')}
      onAct=${() => act(() => ask('/views/rebuild', {}))} /></div>
    ${chosen && html`<${Promotion} set=${chosen} onClose=${() => setChosen(null)} onPromote=${promote} />`}
  </section>`;
}

/**
 * @param {any} set
 * @param {number} head
 * @param {(set: any) => void} onChoose
 */
function cellsOf(set, head, onChoose) {
  const { state, position, behind, differences, bytes, createdAt } = set;
  const promote = ['ready', 'differs', 'previous'].includes(state) && !readOnly.value
    && html`<button type="button" onClick=${() => onChoose(set)}>${state === 'previous' ? 'Take back…' : 'Promote…'}</button>`;
  return [
    String(set.set), html`<${Status} value=${state.replace('_', ' ')} />`, position, behind,
    state === 'building' ? html`<${Building} set=${set} head=${head} />` : '',
    differences === undefined ? 'not compared' : differencesText(differences),
    `${(bytes / MB).toFixed(1)} MB`, html`<${Time} at=${createdAt} />`, promote,
  ];
}

/** @param {number} count A comparison ends after 20. */
function differencesText(count) {
  return count === 0 ? 'none' : html`<span class="tone-bad">≠ ${count}${count >= 20 && ' or more'}</span>`;
}

/** @param {{set: any, head: number}} props */
function Building({ set: { position, eventsPerSecond, remainingSeconds }, head }) {
  return html`<span class="progress"><progress max=${head} value=${position} aria-label="Progress of the build"></progress>
    ${eventsPerSecond && html`${formatCount(eventsPerSecond)} events/s, ${formatDuration(1000 * (remainingSeconds ?? 0))} left`}</span>`;
}

/** @param {{set: any, onClose: () => void, onPromote: (path: string, body: object) => Promise<void>}} props */
function Promotion({ set: { set: number, state }, onClose, onPromote }) {
  const [accepted, setAccepted] = useState(false);
  const differs = state === 'differs';
  return html`<${FormDialog} title="Make set ${number} the live one" label="Promote set ${number}" onClose=${onClose}
    off=${differs && !accepted} onAct=${() => onPromote(`/views/${number}/promote`, { acceptDifference: accepted })}>
    <p>Queries of all tenants read set ${number} from then on. The set that is live now is kept up to date, so this can
      be taken back as quickly.</p>
    ${differs && html`<${Notice} kind="warning" title="The set differs from the live one.">If the live set is damaged,
      that is expected: the new one follows from the events. <label><input type="checkbox" checked=${accepted}
      onChange=${() => setAccepted(!accepted)} />Promote it although it differs</label><//>`}
  <//>`;
}

/**
 * A short table, all of whose rows are in the document.
 *
 * @param {{label: string, heads: string[], rows: any[][], empty?: string}} props
 */
function PlainTable({ label, heads, rows, empty = 'There is none.' }) {
  if (rows.length === 0) return html`<p class="muted">${empty}</p>`;
  return html`<div class="plain" tabindex="0" role="region" aria-label=${label}><table aria-label=${label}>
    <thead><tr>${heads.map((head, at) => html`<th key=${head} scope="col" class=${alignment(rows[0][at])}>${head}</th>`)}</tr></thead>
    <tbody>${rows.map((row, at) => html`<tr key=${at}>${row.map((cell, column) => html`<td
      key=${column} class=${alignment(cell)}>${cellOf(cell)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** @param {any} cell Numbers stand at the right of their column. */
function alignment(cell) {
  return typeof cell === 'number' ? 'numeric' : undefined;
}

/** @param {any} cell */
function cellOf(cell) {
  return typeof cell === 'number' ? formatCount(cell) : cell;
}
