/** The schedules – the timetables of definitions, and separate ones – and one of them with its ticks. */
import { html, useState } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, navigate, setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { JsonTree } from '../../components/json_tree.js';
import { Empty, Loaded } from '../../components/notice.js';
import { Table, timeColumn } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { NextTicks, PastTicks, timetablesText, triggersOf } from './timetables.js';

const PAGE = 100;
/** The most that the server lists at once. */
const MOST = 500;
const EVERY_MS = 10_000;

/**
 * The list of schedules: the timetables of definitions, and separate ones.
 *
 * @param {{query: import('../../core/router.js').Query}} props
 */
export function Schedules({ query }) {
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

Schedules.title = () => 'Schedules';

const COLUMNS = [
  { key: 'slug', title: 'Definition', width: 'minmax(140px, 1.5fr)', render: slugCell },
  { key: 'timetable', title: 'Timetable', width: 'minmax(180px, 2fr)', render: timetableCell },
  { key: 'active', title: 'State', width: 'minmax(110px, 1fr)', render: stateCell },
  timeColumn('nextAt', 'Next tick'),
  timeColumn('lastAt', 'Last tick'),
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

const NEXT = 20;
const LIVE = { topics: ['runs'], everyMs: EVERY_MS };

/**
 * One schedule: its timetable, the ticks that were due, and those that are to come.
 *
 * @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props
 */
export function Schedule({ params, query }) {
  const path = `/schedules/${encodeURIComponent(params.id)}`;
  const schedule = useGet(path, {}, LIVE);
  const next = useGet(`${path}/next`, { count: NEXT }, LIVE);
  return html`<section class="page">
    ${schedule.data === undefined && html`<h1>Schedule</h1>`}
    <${Loaded} of=${schedule}>${(/** @type {any} */ found) => html`
      <${About} schedule=${found} />
      <h2>Next ticks</h2>
      <${Loaded} of=${next}>${(/** @type {any} */ ticks) => html`<${NextTicks} next=${ticks} />`}<//>
      <h2>Past ticks</h2>
      <${Past} path=${path} before=${query.before} count=${found.fired + found.missed + found.skipped} />`}<//>
  </section>`;
}

/** @param {{params: Record<string, string>}} props */
Schedule.title = ({ params }) => `Schedule ${params.id}`;

/** @param {{schedule: any}} props */
function About({ schedule }) {
  const { id, slug, separate, active, reason, timetable, input, nextAt, lastAt, createdAt } = schedule;
  const { fired, missed, skipped, definitionId } = schedule;
  return html`<header class="page-head">
      <h1>${timetablesText(timetable)}</h1>
      <${Status} value=${active ? 'active' : 'paused'} />
      ${reason && html`<span>${reason}</span>`}
      <span class="muted">id ${id} <${CopyButton} text=${id} label="id" /></span>
    </header>
    <${Fields} rows=${[
      ['Definition', html`<a href=${href(`/definitions/${definitionId}`)}>${slug}</a>
        ${separate && html` <span class="muted">by a schedule of its own</span>`}`],
      ['Timetable', triggersOf(timetable).map(membersOf).join('; ')],
      ['Next tick', html`<${Time} at=${nextAt} />`],
      ['Last tick', html`<${Time} at=${lastAt} />`],
      ['Ticks', `${fired} fired, ${missed} missed, ${skipped} skipped`],
      ['Runs', html`<a href=${href('/runs', { definition: slug, trigger: 'schedule' })}>runs that schedules started</a>`],
      ['Created', html`<${Time} at=${createdAt} />`],
    ]} />
    ${input !== undefined && html`<${JsonTree} value=${input} label="Input of its runs" />`}`;
}

/** @param {Record<string, any>} timetable */
function membersOf(timetable) {
  return Object.entries(timetable).map(([name, value]) => `${name} ${value}`).join(', ');
}

/** @param {{path: string, count: number, before: any}} props `count` is the number of all ticks. */
function Past({ path, count, before }) {
  const [limit, setLimit] = useState(PAGE);
  const found = useGet(`${path}/ticks`, { limit, before }, before === undefined ? LIVE : {});
  const go = (/** @type {number | undefined} */ next) => (
    setQuery({ before: next === undefined ? undefined : String(next) }, { replace: false }));
  return html`<${Loaded} of=${found}>${(/** @type {any} */ { ticks, next }) => html`
    ${ticks.length === 0 && html`<${Empty} title="No tick has been due yet">
      <p>Each tick appears here, with the run that it started.</p><//>`}
    ${ticks.length > 0 && html`<${PastTicks} ticks=${ticks} total=${Math.min(count, next ? MOST : ticks.length)}
      onEnd=${() => setLimit((now) => Math.min(now + PAGE, MOST))} />`}
    <p class="actions">
      ${before && html`<button type="button" onClick=${() => go(undefined)}>Newest</button>`}
      ${next && html`<button type="button" onClick=${() => go(next)}>Older</button>`}
    </p>`}<//>`;
}
