/** The cause of a run, with a link to it. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { formatInstant } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';

/** @param {{run: any}} props */
export function TriggerLink({ run }) {
  const { trigger, actor } = run;
  switch (trigger.kind) {
    case 'record':
      return html`by <${RecordLink} run=${run} />`;
    case 'schedule':
      return html`by the <a href=${href(`/schedules/${encodeURIComponent(trigger.scheduleId)}`)}>schedule</a>’s
        tick of ${formatInstant(trigger.nominalAt)}`;
    case 'webhook':
      return html`by a call of the webhook <code>${trigger.path}</code>`;
    case 'rerun':
      return html`as a rerun of <a href=${href(`/runs/${encodeURIComponent(trigger.runId)}`)}>${trigger.runId}</a>
        ${trigger.fromStep ? ` from step ${trigger.fromStep}` : ''} by ${actor.subject}`;
    default:
      return html`by ${actor.subject}`;
  }
}

/** @param {{run: any}} props */
function RecordLink({ run: { id, trigger } }) {
  const { data } = useGet(`/runs/${encodeURIComponent(id)}/record`);
  const text = `${trigger.eventType} ${trigger.structure}${trigger.recordId ? ` ${trigger.recordId}` : ''}`;
  if (!data?.record) return html`<span title="event ${trigger.eventId}">${text}</span>`;
  return html`<a href=${href(`/records/${encodeURIComponent(data.record.id)}`)}>${text}</a>`;
}
