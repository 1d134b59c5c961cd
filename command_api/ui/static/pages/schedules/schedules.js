/** The list of schedules: the timetables of definitions, and separate ones. */
import { html, useState } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { Empty, Loaded } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { formatCount, Status } from '../../components/values.js';
import { timetablesText } from '../definitions/triggers.js';

const PAGE = 100;
/** The most that the server lists at once. */
const MOST = 500;
const EVERY_MS = 10_000;

export const title = () => 'Schedules';

/** @param {{query: import('../../core/router.js').Query}} props */
export default function Schedules({ query }) {
  const [limit, setLimit] = useState(PAGE);
  const { definitionId } = query;
  const found = useGet('/schedules', { definitionId, limit }, { topics: ['runs'], everyMs: EVERY_MS });
  return html`<section class="page">
    <header class="page-head"><h1>Schedules</h1>
      ${found.data && html`<span class="count">${formatCount(found.data.total)}</span>`}
      ${definitionId && html`<button type="button" onClick=${() => setQuery({ definitionId: undefined })}>
        Show those of all definitions</button>`}
    </header>
    <${Loaded} of=${found}>${(/** @type {any} */ { schedules, total }) => html`
      ${total === 0 && html`<${None} />`}
      ${total > 0 && html`<${Table} label="Schedules" columns=${COLUMNS} rows=${schedules}
        total=${Math.min(total, MOST)} onOpen=${open}
        onEnd=${() => setLimit((before) => Math.min(before + PAGE, MOST))} />`}
      ${total > MOST && html`<p class="muted">The list shows the newest ${MOST}. The page of a definition
        leads to its schedule.</p>`}
    `}<//>
  </section>`;
}

const COLUMNS = [
  { key: 'slug', title: 'Definition', width: 'minmax(140px, 1.5fr)', render: slugCell },
  { key: 'timetable', title: 'Timetable', width: 'minmax(180px, 2fr)', render: timetableCell },
  { key: 'active', title: 'State', width: 'minmax(110px, 1fr)', render: stateCell },
  { key: 'nextAt', title: 'Next tick', width: 'minmax(250px, 1fr)', render: (/** @type {any} */ { nextAt }) => html`<${Time} at=${nextAt} />` },
  { key: 'lastAt', title: 'Last tick', width: 'minmax(250px, 1fr)', render: (/** @type {any} */ { lastAt }) => html`<${Time} at=${lastAt} />` },
  { key: 'fired', title: 'Fired', width: '70px', numeric: true },
  { key: 'missed', title: 'Missed', width: '70px', numeric: true },
  { key: 'skipped', title: 'Skipped', width: '84px', numeric: true },
];

/** @param {any} row */
function slugCell({ id, slug, separate }) {
  return html`<a href=${href(`/schedules/${id}`)}>${slug}</a>${separate && html` <span class="muted">separate</span>`}`;
}

/** @param {any} row */
function timetableCell({ timetable }) {
  const text = timetablesText(timetable);
  return html`<span title=${text}>${text}</span>`;
}

/** @param {any} row */
function stateCell({ active, reason }) {
  return active ? html`<${Status} value="active" />`
    : html`<span title=${reason}><${Status} value="paused" /> <span class="muted">${reason}</span></span>`;
}

/** @param {any} row */
function open({ id }) {
  navigate(`/schedules/${id}`);
}

function None() {
  return html`<${Empty} title="There is no schedule">
    <p>A definition whose trigger is a timetable has one: <code>trigger: {cron: "0 9 * * *"}</code></p>
  <//>`;
}
