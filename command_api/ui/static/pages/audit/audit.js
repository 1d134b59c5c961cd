/** Evidence that the log is what was signed, and who did what. */
import { html } from '../../vendor/preact.js';
import { setQuery } from '../../core/router.js';
import { may } from '../../core/session.js';
import { Notice } from '../../components/notice.js';
import { Tabs } from '../../components/panes.js';
import { Actions } from './actions.js';
import { Heads } from './heads.js';
import { Proof } from './proof.js';
import { Verifications } from './verifications.js';

/** The title of the page. */
export const title = () => 'Audit';

const TABS = [
  { id: 'actions', label: 'Who did what' }, { id: 'heads', label: 'Tree heads' },
  { id: 'verifications', label: 'Verifications' }, { id: 'proof', label: 'Proof of a run' },
];
/** The tabs that only administrators have. */
const OF_ADMINS = ['actions', 'verifications'];

/** @param {{query: any}} props */
export default function AuditPage({ query }) {
  const tabs = TABS.filter(({ id }) => may('orchestrator:admin') || !OF_ADMINS.includes(id));
  const current = tabs.some(({ id }) => id === query.tab) ? query.tab : tabs[0].id;
  return html`
    <div class="page-head"><h1>Audit</h1></div>
    <${Scope} />
    <${Tabs} label="Audit" tabs=${tabs} current=${current} onPick=${(/** @type {string} */ tab) => setQuery({ tab })} />
    ${current === 'actions' && html`<${Actions} query=${query} />`}
    ${current === 'heads' && html`<${Heads} />`}
    ${current === 'verifications' && html`<${Verifications} />`}
    ${current === 'proof' && html`<${Proof} query=${query} />`}`;
}

/** A note on what the evidence proves, and what it can't. */
function Scope() {
  return html`<${Notice}>Every event has a leaf in a Merkle tree, whose heads Baton signs about once a second. That
    proves that the log is what was signed: a changed, added, removed or moved event is found. It doesn’t prove that
    what was recorded is true, nor that a time is right. A holder of the key can sign a rewritten log, and the newest
    events can be cut off, unless another person keeps a head: so keep heads on another machine.<//>`;
}
