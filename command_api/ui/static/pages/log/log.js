/** The tenant's log as it grows: events of all streams, the newest first. */
import { html, useMemo, useState } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { readOnly, setQuery, values } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Empty, Failure, Notice } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { formatCount } from '../../components/values.js';
import { EventDetails } from '../streams/event_details.js';
import { FAILURES, isFailure } from '../streams/failures.js';
import { COLUMNS } from './columns.js';
import { Types } from './event_types.js';
import { folded, foldRows } from './folding.js';
import { MOST, useTail } from './use_tail.js';

/** The title of the page. */
export const title = () => 'Log';

/** @param {{query: any}} props */
export default function LogPage({ query }) {
  if (may('orchestrator:admin')) return html`<${Log} query=${query} />`;
  return html`<h1>Log</h1><${Notice} title="The log needs the scope orchestrator:admin.">
    The events of one run are on its page, and those of a definition, a record event or a webhook on
    its stream.<//>`;
}

/** @param {{query: any}} props */
function Log({ query }) {
  const [paused, setPaused] = useState(false);
  const types = values(query, 'type');
  const { events, next, error, waiting, skipped, more } = useTail(types, paused);
  const rows = useMemo(() => foldRows(events, folded.value), [events, folded.value]);
  const shown = rows.filter((one) => !one.fold);
  const index = shown.findIndex(({ position }) => String(position) === query.event);
  const open = (/** @type {any} */ one) => {
    if (one && !one.fold) setQuery({ event: String(one.position) });
  };
  useShortcut('[', 'Show the event before', () => open(shown[index + 1]));
  useShortcut(']', 'Show the next event', () => open(shown[Math.max(0, index - 1)]));
  useShortcut('p', 'Pause or follow the log', () => setPaused(!paused));
  const failuresOnly = types.join() === FAILURES.join();
  const chooseFailures = () => setQuery({ type: failuresOnly ? [] : FAILURES });
  useShortcut('f', 'Show failures only, or all events again', chooseFailures);
  const unread = next > 1 && events.length < MOST;
  return html`
    <div class="page-head"><h1>Log</h1> <span class="muted">${stateOf(paused, waiting)}</span>
      <div class="actions" data-actions><button type="button" aria-pressed=${failuresOnly} onClick=${chooseFailures}>Failures only</button>
        <button type="button" disabled=${readOnly.value} onClick=${() => setPaused(!paused)}>
        ${paused ? 'Follow' : 'Pause'}</button></div>
    </div>
    <${Types} events=${events} types=${types} />
    ${error && html`<${Failure} error=${error} />`}
    ${skipped && html`<${Notice} kind="warning">The log grew faster than this page could read it, so events between
      its rows are left out. Choose a type to see all of its events.<//>`}
    ${events.length === 0 && next === 1 && html`<${Empty} title=${types.length > 0 ? 'The log has no event of these types' : 'The log is empty'}><p>
      Events appear here as soon as they are recorded, for example when a definition is created or a run starts.</p><//>`}
    ${rows.length > 0 && html`<div class="split">
      <${Table} label="Events of the log" columns=${COLUMNS} rows=${rows} rowKey=${keyOf} current=${query.event}
        rowClass=${rowClass} onOpen=${open} onEnd=${more} total=${rows.length + (unread ? 1 : 0)} />
      ${index >= 0 && html`<${Pane} title="Event ${query.event}" onClose=${() => setQuery({ event: undefined })}>
        <${EventDetails} event=${shown[index]} about=${{ kind: shown[index].kind, id: shown[index].id }} />
      <//>`}
    </div>`}
    ${events.length >= MOST && html`<p class="muted">The page keeps ${formatCount(MOST)} events. Move the
      “as of” slider back to see older ones.</p>`}`;
}

/**
 * @param {boolean} paused
 * @param {boolean} waiting
 */
function stateOf(paused, waiting) {
  if (readOnly.value) return 'as of an earlier position';
  if (!paused) return 'following';
  return waiting ? 'paused, there are newer events' : 'paused';
}

/** @param {any} one */
const keyOf = (one) => one.key ?? String(one.position);
/** @param {any} one */
const rowClass = (one) => (one.fold ? 'row-fold' : isFailure(one.type) ? 'row-bad' : '');
