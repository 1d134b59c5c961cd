/** The state of the services: the hold, checks, followers, leases, executors, views, the clock and settings. */
import { html } from '../../vendor/preact.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { ROLES } from '../overview/services.js';
import { Clock } from './clock.js';
import { Functions } from './functions.js';
import { Hold } from './hold.js';
import { PlainTable } from './plain_table.js';
import { Settings } from './settings.js';
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
