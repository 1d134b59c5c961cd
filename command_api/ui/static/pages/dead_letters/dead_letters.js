/** Messages of the records topic that could not be read. */
import { html } from '../../vendor/preact.js';
import { usePages } from '../../core/reading.js';
import { navigate } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Time } from '../../core/time.js';
import { Empty, Failure, Loading, Notice } from '../../components/notice.js';
import { Table } from '../../components/table.js';

/** The title of the page. */
export const title = () => 'Dead letters';

/** @typedef {{at: string, reason: string, source: string, redrivenAt?: string}} Letter */

const PAGE = 100;
const COLUMNS = [
  { key: 'at', title: 'Time', width: 'minmax(250px, 1fr)', render: (/** @type {Letter} */ { at }) => html`<${Time} at=${at} />` },
  { key: 'reason', title: 'Reason', width: 'minmax(220px, 3fr)' },
  { key: 'source', title: 'Place', width: 'minmax(160px, 1fr)', render: (/** @type {Letter} */ { source }) => html`<code>${source}</code>` },
  { key: 'bytes', title: 'Bytes', width: '80px', numeric: true },
  { key: 'redrivenAt', title: 'Redriven', width: 'minmax(230px, 1fr)', render: (/** @type {Letter} */ { redrivenAt }) => html`<${Time} at=${redrivenAt} />` },
];

/** The list, for administrators. */
export default function DeadLettersPage() {
  if (may('orchestrator:admin')) return html`<${DeadLetters} />`;
  return html`<h1>Dead letters</h1><${Notice} title="Dead letters need the scope orchestrator:admin." />`;
}

function DeadLetters() {
  const { rows: letters, next, error, more } = usePages('/dead-letters', { limit: PAGE }, 'letters');
  const none = letters.length === 0;
  return html`
    <div class="page-head"><h1>Dead letters</h1>
      <span class="muted">messages that could not be read, the newest first</span></div>
    ${error && html`<${Failure} error=${error} onRetry=${more} />`}
    ${none && next !== undefined && !error && html`<${Loading} />`}
    ${none && next === undefined && html`<${Empty} title="There is no dead letter">
      <p>Every message so far could be read. A message of the records topic that isn’t a valid event becomes a dead letter. It blocks no other message.</p><//>`}
    ${!none && html`<${Table} label="Dead letters" columns=${COLUMNS} rows=${letters}
      total=${letters.length + (next === undefined ? 0 : 1)} onEnd=${more}
      onOpen=${(/** @type {any} */ one) => navigate(`/dead-letters/${encodeURIComponent(one.id)}`)} />`}`;
}
