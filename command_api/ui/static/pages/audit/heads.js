/** Signed heads of the tree over the log. */
import { html } from '../../vendor/preact.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { CopyButton, CopyLines, download } from '../../components/copy.js';
import { Empty, Failure, Loading } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { Fields, formatCount } from '../../components/values.js';

const EVERY_MS = 3000;
/** The list shows the heads over the newest events. */
const BACK = 20_000;
const COLUMNS = [
  { key: 'size', title: 'Leaves', width: '100px', numeric: true },
  { key: 'position', title: 'Position', width: '100px', numeric: true },
  { key: 'time', title: 'Newest event', width: 'minmax(250px, 1fr)', render: (/** @type {any} */ { time }) => html`<${Time} at=${time} />` },
  { key: 'root', title: 'Root', width: 'minmax(260px, 3fr)', render: (/** @type {any} */ { root }) => html`<code>${root}</code>` },
  { key: 'note', title: 'Copy', width: '60px', render: (/** @type {any} */ { note }) => html`<${CopyButton} text=${note} label="head" />` },
];

/** The newest head and the ones that are kept. */
export function Heads() {
  const newest = useGet('/audit/tree-heads', { limit: 1 }, { everyMs: EVERY_MS });
  const head = newest.data?.newest;
  const size = head ? Math.floor(head.size / 1000) * 1000 : null;
  const path = size === null ? null : '/audit/tree-heads';
  const listed = useGet(path, { after: Math.max(0, (size ?? 0) - BACK), limit: 500 });
  if (newest.error) return html`<${Failure} error=${newest.error} onRetry=${newest.reload} />`;
  if (!newest.data) return html`<${Loading} />`;
  if (!head) {
    return html`<${Empty} title="The log isn’t sealed yet"><p>A server without an audit key seals nothing:
      <code>baton audit key --create</code> makes one, and the projector gets it by <code>BATON_AUDIT_KEY</code>.</p><//>`;
  }
  const rows = [...(listed.data?.heads ?? [])].reverse();
  return html`<h2>The newest head</h2>
    <${Fields} rows=${[
      ['Leaves', formatCount(head.size)], ['Position', String(head.position)],
      ['Newest event', html`<${Time} at=${head.time} />`], ['Root', html`<code>${head.root}</code>`],
    ]} />
    <div class="actions"><${CopyButton} text=${head.note} label="signed head">Copy the signed head<//>
      <button type="button" onClick=${() => download(head.note, `head-${head.size}.txt`, 'text/plain')}>Download it</button></div>
    <p>Keep it on another machine. Later, these commands check that the log still begins with it:</p>
    <${CopyLines} label="command" text=${`baton audit verify --since head-${head.size}.txt`} />
    <h2>Kept heads</h2>
    ${rows.length > 0 && html`<${Table} label="Tree heads" columns=${COLUMNS} rows=${rows}
      rowKey=${(/** @type {any} */ one) => String(one.size)} />`}`;
}
