/** One schedule: its timetable, the ticks that were due, and those that are to come. */
import { html, useState } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, setQuery } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { JsonTree } from '../../components/json_tree.js';
import { Empty, Loaded } from '../../components/notice.js';
import { Fields, Status } from '../../components/values.js';
import { timetablesText } from '../definitions/triggers.js';
import { NextTicks, PastTicks } from './ticks.js';

const NEXT = 20;
const PAGE = 100;
/** The most that the server lists at once. */
const MOST = 500;
const EVERY_MS = 10_000;
const LIVE = { topics: ['runs'], everyMs: EVERY_MS };

/** @param {{params: Record<string, string>}} props */
export const title = ({ params }) => `Schedule ${params.id}`;

/** @param {{params: Record<string, string>, query: import('../../core/router.js').Query}} props */
export default function Schedule({ params, query }) {
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
      ['Timetable', html`<code>${JSON.stringify(timetable)}</code>`],
      ['Next tick', html`<${Time} at=${nextAt} />`],
      ['Last tick', html`<${Time} at=${lastAt} />`],
      ['Ticks', `${fired} fired, ${missed} missed, ${skipped} skipped`],
      ['Runs', html`<a href=${href('/runs', { definitionId, trigger: 'schedule' })}>runs that schedules started</a>`],
      ['Created', html`<${Time} at=${createdAt} />`],
    ]} />
    ${input !== undefined && html`<${JsonTree} value=${input} label="Input of its runs" />`}`;
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
