/** One event beside the list of a run's events, with its data. */
import { html } from '../../../vendor/preact.js';
import { href, setQuery } from '../../../core/router.js';
import { Pane } from '../../../components/panes.js';
import { EventDetails } from '../../streams/event_details.js';
import { executionOf, kindOf } from './event_kinds.js';

/** @param {{event: import('./use_events.js').RunEvent, runId: string}} props */
export function EventPane({ event, runId }) {
  const run = `/runs/${encodeURIComponent(runId)}`;
  const compare = `/compare/${encodeURIComponent(runId)}/${encodeURIComponent(runId)}`;
  const position = String(event.position);
  const execution = executionOf(runId, event);
  const step = html`<a href=${href(run, { tab: 'timeline', step: execution })}>${event.data.step_id}</a>`;
  const then = html`<a href=${href(run, { asOf: position })}>as it was then</a>,
    <a href=${href(compare, { from: position })}> what has changed since</a>`;
  return html`<${Pane} title=${kindOf(event)} onClose=${() => setQuery({ event: '' })}>
    <${EventDetails} event=${event} about=${{ kind: 'run', id: runId }} inStream
      more=${[...(execution ? [['Step', step]] : []), ['Run', then]]} />
  <//>`;
}
