/** The schedules – the timetables of definitions, and separate ones – and one of them with its ticks. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { JsonTree } from '../../components/json_tree.js';
import { List, useList, usePages } from '../../components/list.js';
import { Empty, Loaded } from '../../components/notice.js';
import { timeColumn } from '../../components/table.js';
import { Fields, formatCount, Status } from '../../components/values.js';
import { NextTicks, TICK_COLUMNS, tickKey, timetablesText, triggersOf } from './timetables.js';

const LIVE = { topics: ['runs'], everyMs: 10_000 };

/**
 * The list of schedules: the timetables of definitions, and separate ones.
 *
 * @param {{query: import('../../core/router.js').Query}} props
 */
export function Schedules({ query }) {
  const { definitionId } = query;
  const schedules = useList('/schedules', { definitionId }, 'schedules', LIVE);
  return html`
    <header class="page-head"><h1>Schedules</h1>
      ${schedules.rows && html`<span class="count">${formatCount(schedules.total)}</span>`}
      ${definitionId && html`<button type="button" onClick=${() => setQuery({ definitionId: undefined })}>
        Show those of all definitions</button>`}
    </header>
    <${List} of=${schedules} label="Schedules" columns=${COLUMNS} links empty=${html`<${Empty} title="There is no schedule">
      <p>A definition whose trigger is a timetable has one: <code>trigger: {cron: "0 9 * * *"}</code></p><//>`}>
      The page of a definition leads to its schedule.<//>`;
}

Schedules.title = () => 'Schedules';

const COLUMNS = [
  { key: 'slug', title: 'Definition', width: 'minmax(140px, 1.5fr)', at: 'name', render: slugCell },
  { key: 'timetable', title: 'Timetable', width: 'minmax(180px, 2fr)', at: 'about', render: (/** @type {any} */ { timetable }) => timetablesText(timetable) },
  { key: 'active', title: 'State', width: 'minmax(110px, 1fr)', at: 'state', render: stateCell },
  timeColumn('nextAt', 'Next tick', 'when'),
  timeColumn('lastAt', 'Last tick', 'more'),
  { key: 'fired', title: 'Fired', width: '70px', numeric: true },
  { key: 'missed', title: 'Missed', width: '70px', numeric: true },
  { key: 'skipped', title: 'Skipped', width: '84px', numeric: true },
];

/** @param {any} row */
function slugCell({ id, slug, separate }) {
  return html`<a href=${href(`/schedules/${id}`)}>${slug}</a>${separate && html` <span class="muted">separate</span>`}`;
}

/** @param {any} row */
function stateCell({ active, reason }) {
  return active ? html`<${Status} value="active" />`
    : html`<span title=${reason}><${Status} value="paused" /> <span class="muted">${reason}</span></span>`;
}

const NEXT = 20;

/**
 * One schedule: its timetable, the ticks that were due, and those that are to come.
 *
 * @param {{params: Record<string, string>}} props
 */
export function Schedule({ params }) {
  const path = `/schedules/${encodeURIComponent(params.id)}`;
  const schedule = useGet(path, {}, LIVE);
  const next = useGet(`${path}/next`, { count: NEXT }, LIVE);
  return html`
    <${Loaded} of=${schedule} title="Schedule">${(/** @type {any} */ data) => html`
      <${About} schedule=${data} />
      <h2>Next ticks</h2>
      <${Loaded} of=${next}>${(/** @type {any} */ ticks) => html`<${NextTicks} next=${ticks} />`}<//>
      <h2>Past ticks</h2>
      <${Past} path=${path} />`}<//>`;
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

const PAGE = 100;

/** @param {{path: string}} props */
function Past({ path }) {
  const ticks = usePages(`${path}/ticks`, { limit: PAGE }, 'ticks', { before: 'before', rowKey: tickKey, ...LIVE });
  return html`<${List} of=${ticks} label="Past ticks" columns=${TICK_COLUMNS} empty=${html`<${Empty} title="No tick has been due yet">
    <p>Each tick appears here, with the run that it started.</p><//>`} />`;
}
