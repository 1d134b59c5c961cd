/** One event beside the list, with its data. */
import { html } from '../../../vendor/preact.js';
import { CopyButton } from '../../../components/copy_button.js';
import { Fields } from '../../../components/fields.js';
import { JsonTree } from '../../../components/json_tree.js';
import { Notice } from '../../../components/notice.js';
import { Pane } from '../../../components/pane.js';
import { href, setQuery } from '../../../core/router.js';
import { Time } from '../../../core/time.js';
import { executionOf, kindOf } from './event_kinds.js';

/** @param {{event: import('./use_events.js').RunEvent, runId: string}} props */
export function EventPane({ event, runId }) {
  const execution = executionOf(runId, event);
  const link = href(`/runs/${encodeURIComponent(runId)}`, { tab: 'timeline', step: execution });
  const then = href(`/runs/${encodeURIComponent(runId)}`, { asOf: String(event.position) });
  const before = `/compare/${encodeURIComponent(runId)}/${encodeURIComponent(runId)}`;
  return html`<${Pane} title=${kindOf(event)} onClose=${() => setQuery({ event: '' })}>
    <${Fields} rows=${[
      ['Position', html`${event.position} <${CopyButton} text=${String(event.position)} label="position" />`],
      ['Version', `${event.version} of the run`],
      ['At', html`<${Time} at=${event.at} milliseconds />`],
      execution && ['Step', html`<a href=${link}>${event.data.step_id}</a>`],
      ['Run', html`<a href=${then}>as it was then</a>, <a href=${href(before, { from: String(event.position) })}>what has changed since</a>`],
    ]} />
    ${event.truncated !== undefined && html`<${Notice}>
      Values over 4 KiB are left out of the ${event.truncated.toLocaleString('en')} bytes of this event.
      The step shows them in full.
    <//>`}
    <h3>Data</h3><${JsonTree} value=${event.data} label="data of the event" />
  <//>`;
}
