/** The functions that executors know, and the queues of workers. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/use_get.js';
import { Loaded } from '../../components/notice.js';
import { formatCount } from '../../components/values.js';
import { PlainTable } from './plain_table.js';

const EVERY_MS = 5000;

/** A table of the functions. */
export function Functions() {
  const found = useGet('/functions', {}, { everyMs: EVERY_MS });
  return html`<${Loaded} of=${found}>${(/** @type {any} */ data) => html`<p class="muted">${formatCount(data.queueDepth)} runs and calls of this tenant wait.
      ${data.queues.length > 0 && ` Queues of workers: ${data.queues.join(', ')}.`}</p>
    <${PlainTable} label="Functions" heads=${['Name', 'Kind', 'Queue', 'Also called']}
      rows=${data.functions.map((/** @type {any} */ one) => [html`<code>${one.name}</code>`, one.kind, one.queue, one.aliases.join(', ')])}
      empty="No executor has announced functions. Name their files in BATON_FUNCTIONS." />`}<//>`;
}
