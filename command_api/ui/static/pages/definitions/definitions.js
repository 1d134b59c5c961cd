/** The list of definitions. */
import { html, useState } from '../../vendor/preact.js';
import { useGet } from '../../core/reading.js';
import { href, navigate } from '../../core/router.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Empty, Loaded } from '../../components/notice.js';
import { Table } from '../../components/table.js';
import { formatCount, signOf, Status } from '../../components/values.js';
import { triggersText } from './triggers.js';

const PAGE = 100;
/** The most that the server lists at once. */
const MOST = 500;
const LAST_RUNS = 5;
const EVERY_MS = 10_000;
const FILTERS = [
  { name: 'q', label: 'Slug begins with', kind: 'text' },
  { name: 'status', label: 'Status', kind: 'choices', options: ['active', 'draft', 'paused'] },
];

export const title = () => 'Definitions';

/** @param {{query: import('../../core/router.js').Query}} props */
export default function Definitions({ query }) {
  const [limit, setLimit] = useState(PAGE);
  const { q, status } = query;
  const asked = { q, status, lastRuns: LAST_RUNS, limit };
  const found = useGet('/definitions', asked, { topics: ['runs'], everyMs: EVERY_MS });
  const filtered = q !== undefined || status !== undefined;
  return html`<section class="page">
    <header class="page-head"><h1>Definitions</h1>
      ${found.data && html`<span class="count">${formatCount(found.data.total)}</span>`}
    </header>
    <${FilterBar} filters=${FILTERS} />
    <${Loaded} of=${found}>${(/** @type {any} */ { definitions, total }) => html`
      ${total === 0 && (filtered ? html`<${NoneMatches} />` : html`<${First} />`)}
      ${total > 0 && html`<${Table} label="Definitions" columns=${COLUMNS} rows=${definitions}
        total=${Math.min(total, MOST)} onOpen=${open}
        onEnd=${() => setLimit((before) => Math.min(before + PAGE, MOST))} />`}
      ${total > MOST && html`<p class="muted">The list shows the first ${MOST}.
        Name the beginning of a slug to find others.</p>`}
    `}<//>
  </section>`;
}

const COLUMNS = [
  { key: 'slug', title: 'Slug', width: 'minmax(140px, 2fr)', render: slugCell },
  { key: 'name', title: 'Name', width: 'minmax(120px, 2fr)' },
  { key: 'status', title: 'Status', width: '96px', render: statusCell },
  { key: 'version', title: 'Version', width: '72px', numeric: true },
  { key: 'trigger', title: 'Starts', width: 'minmax(160px, 2fr)', render: startsCell },
  { key: 'lastRuns', title: 'Last runs', width: '140px', render: runsCell },
  { key: 'updatedAt', title: 'Changed', width: 'minmax(250px, 1fr)', render: changedCell },
];

/** @param {any} row */
function slugCell({ slug }) {
  return html`<a href=${href(`/definitions/${slug}`)}>${slug}</a>`;
}

/** @param {any} row */
function statusCell({ status }) {
  return html`<${Status} value=${status} />`;
}

/** @param {any} row */
function startsCell({ trigger }) {
  const text = triggersText(trigger);
  return html`<span title=${text}>${text}</span>`;
}

/** @param {any} row */
function runsCell({ lastRuns = [] }) {
  if (lastRuns.length === 0) return html`<span class="muted">none yet</span>`;
  return lastRuns.map((/** @type {any} */ { id, status }) => {
    const { icon, tone } = signOf(status);
    return html`<a key=${id} class="last-run tone-${tone}" href=${href(`/runs/${id}`)}
      title="Run ${id}: ${status}" aria-label="Run ${id}: ${status}">${icon}</a>`;
  });
}

/** @param {any} row */
function changedCell({ updatedAt }) {
  return html`<${Time} at=${updatedAt} />`;
}

/** @param {any} row */
function open({ slug }) {
  navigate(`/definitions/${slug}`);
}

function NoneMatches() {
  return html`<${Empty} title="No definition matches the filters">
    <p>Remove a filter to see more definitions.</p>
  <//>`;
}

function First() {
  const line = 'baton definitions apply FILE';
  return html`<${Empty} title="There is no definition yet">
    <p>A definition is a file in JSON or YAML. Apply it from the command line:</p>
    <p><code>${line}</code> <${CopyButton} text=${line} label="line" /></p>
  <//>`;
}
