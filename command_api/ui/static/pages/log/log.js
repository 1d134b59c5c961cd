/** The tenant's log as it grows: events of all streams, the newest first. */
import { html, useMemo, useState } from '../../vendor/preact.js';
import { useShortcut } from '../../core/keyboard.js';
import { readOnly, setQuery, values } from '../../core/router.js';
import { may, preference } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { Empty, Failure, Notice } from '../../components/notice.js';
import { Pane } from '../../components/panes.js';
import { Table } from '../../components/table.js';
import { formatCount } from '../../components/values.js';
import { countTypes, EventDetails, FAILURES, foldRows, isFailure, Ref, rowClass, rowKey, summaryOf, toggled } from '../streams/events.js';
import { MOST, useTail } from './tail.js';

/** @param {{query: any}} props */
export function LogPage({ query }) {
  if (may('orchestrator:admin')) return html`<${Log} query=${query} />`;
  return html`<h1>Log</h1><${Notice} title="The log needs the scope orchestrator:admin.">
    The events of one run are on its page, and those of a definition, a record event or a webhook on
    its stream.<//>`;
}

LogPage.title = () => 'Log';

/** @param {{query: any}} props */
function Log({ query }) {
  const [paused, setPaused] = useState(false);
  const types = values(query, 'type');
  const { events, next, error, waiting, skipped, more } = useTail(types, paused);
  const rows = useMemo(() => foldRows(events, folded.value), [events, folded.value]);
  const unfolded = rows.filter((row) => !row.folded);
  const index = unfolded.findIndex(({ position }) => String(position) === query.event);
  const open = (/** @type {any} */ row) => {
    if (row && !row.folded) setQuery({ event: String(row.position) });
  };
  useShortcut('[', 'Show the event before', () => open(unfolded[index + 1]));
  useShortcut(']', 'Show the next event', () => open(unfolded[Math.max(0, index - 1)]));
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
    <${Failure} error=${error} />
    ${skipped && html`<${Notice} kind="warning">The log grew faster than this page could read it, so events between
      its rows are left out. Choose a type to see all of its events.<//>`}
    ${events.length === 0 && next === 1 && html`<${Empty} title=${types.length > 0 ? 'The log has no event of these types' : 'The log is empty'}><p>
      Events appear here as soon as they are recorded, for example when a definition is created or a run starts.</p><//>`}
    ${rows.length > 0 && html`<div class="split">
      <${Table} label="Events of the log" columns=${COLUMNS} rows=${rows} rowKey=${rowKey} current=${query.event}
        rowClass=${rowClass} onOpen=${open} onEnd=${more} total=${rows.length + (unread ? 1 : 0)} />
      ${index >= 0 && html`<${Pane} title="Event ${query.event}" onClose=${() => setQuery({ event: undefined })}>
        <${EventDetails} event=${unfolded[index]} about=${{ kind: unfolded[index].kind, id: unfolded[index].id }} />
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

/** The columns of the log. */
const COLUMNS = [
  { key: 'position', title: 'Position', width: '90px', numeric: true },
  { key: 'at', title: 'Time', width: 'minmax(260px, 1.2fr)', at: 'when', render: timeCell },
  { key: 'type', title: 'Event', width: 'minmax(200px, 1fr)', at: 'name', render: typeCell },
  { key: 'id', title: 'Of', width: 'minmax(220px, 1fr)', at: 'line', render: aboutCell },
  { key: 'data', title: 'Data', width: 'minmax(160px, 2fr)', render: dataCell },
];

/** @param {any} row */
function timeCell({ folded: others, at }) {
  return !others && html`<${Time} at=${at} milliseconds />`;
}

/** @param {any} row */
function aboutCell({ folded: others, kind, id }) {
  return !others && html`${kind} <${Ref} kind=${kind} id=${id} />`;
}

/** @param {any} row A failure has a sign, too. */
function typeCell({ folded: others, type }) {
  if (others) return html`<span class="muted">${others.length} folded</span>`;
  return isFailure(type) ? `✕ ${type}` : type;
}

/** @param {any} row */
function dataCell({ folded: others, data }) {
  const text = others ? countTypes(others).map((one) => one.join(' ')).join(', ') : summaryOf(data);
  return html`<span class="mono muted" title=${text}>${text}</span>`;
}

/**
 * The types of events that the page holds: what to fold, and which alone to show.
 *
 * @param {{events: any[], types: string[]}} props `types` are those of the URL.
 */
function Types({ events, types }) {
  const counts = useMemo(() => new Map(countTypes(events)), [events]);
  const names = [...new Set([...counts.keys(), ...folded.value, ...types])];
  return html`<details class="types">
    <summary>Types of events
      ${types.length > 0 && html` <strong>only ${types.length > 3 ? `${types.length} types` : types.join(', ')}</strong>`}
      ${folded.value.length > 0 && html` <span class="muted">${folded.value.length} folded</span>`}</summary>
    <p class="muted">Without its tick, a type is folded: its events stand together in one row, and this browser
      remembers it. Failures are never folded. “Only” leaves out all other types.</p>
    <ul>${names.map((name) => html`<${Type} key=${name} name=${name} count=${counts.get(name) ?? 0} types=${types} />`)}</ul>
  </details>`;
}

/** @param {{name: string, count: number, types: string[]}} props */
function Type({ name, count, types }) {
  const chosen = types.includes(name);
  const failure = isFailure(name);
  return html`<li>
    <label title=${failure ? 'Failures are never folded.' : undefined}><input type="checkbox" disabled=${failure}
      checked=${failure || !folded.value.includes(name)} onChange=${() => (folded.value = toggled(folded.value, name))} />${name}</label>
    <span class="count">${formatCount(count)}</span>
    <button type="button" class="link" aria-label="${chosen ? 'Show other types than' : 'Show only'} ${name}"
      onClick=${() => setQuery({ type: toggled(types, name) })}>${chosen ? 'others too' : 'only'}</button>
  </li>`;
}

/** The types that are folded, remembered by this browser. */
const folded = preference('folded', /** @type {string[]} */ ([]));
