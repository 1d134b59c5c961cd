/** The triggers of a version, and the next ticks of its timetables. */
import { html } from '../../../vendor/preact.js';
import { href } from '../../../core/router.js';
import { Time } from '../../../core/time.js';
import { useGet } from '../../../core/use_get.js';
import { Loaded, Notice } from '../../../components/notice.js';
import { isTimetable, triggersOf, triggerText } from '../trigger_text.js';
import { NextTicks } from '../../schedules/next_ticks.js';

const COUNT = 10;

/** @param {import('../definition.js').Shown} props */
export default function TriggersTab({ definition, document, version }) {
  const triggers = triggersOf(document.trigger);
  const timed = version === definition.version && triggers.some(isTimetable);
  return html`
    <ul>${triggers.map((trigger) => html`<li>
      <strong>${triggerText(trigger)}</strong>
      ${trigger.webhook !== undefined && html` <span class="muted">${signing(trigger)}</span>`}
      <br /><code>${JSON.stringify(trigger)}</code>
    </li>`)}</ul>
    ${timed && html`<${Fires} id=${definition.id} />`}
    ${version !== definition.version && html`<${Notice}>
      The triggers of version ${definition.version} are in force, not these.
    <//>`}`;
}

/** @param {Record<string, any>} trigger */
function signing({ signed, header }) {
  return signed ? `Calls are signed in ${header ?? 'X-Signature'}.` : 'Calls aren’t signed.';
}

/** @param {{id: string}} props The definition's id, which is that of its schedule, too. */
function Fires({ id }) {
  const schedule = useGet(`/schedules/${id}`, {}, { topics: ['runs'] });
  const next = useGet(`/schedules/${id}/next`, { count: COUNT });
  return html`<h2>Next ticks</h2>
    <${Loaded} of=${schedule}>${(/** @type {any} */ { fired, missed, skipped, lastAt }) => html`<p>
      ${fired} fired, ${missed} missed, ${skipped} skipped.
      ${lastAt && html` The last tick was due at <${Time} at=${lastAt} />.`}
      ${' '}<a href=${href(`/schedules/${id}`)}>All ticks</a>
    </p>`}<//>
    <${Loaded} of=${next}>${(/** @type {any} */ found) => html`<${NextTicks} next=${found} />`}<//>`;
}
