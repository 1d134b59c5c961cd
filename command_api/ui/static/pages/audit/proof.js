/** The proof that a run's history stands in the log, to download and to check elsewhere. */
import { html } from '../../vendor/preact.js';
import { useGet } from '../../core/use_get.js';
import { CopyLines, download } from '../../components/copy.js';
import { FilterBar } from '../../components/filter_bar.js';
import { Empty, Failure } from '../../components/notice.js';
import { Fields } from '../../components/values.js';
import { Ref } from '../streams/links.js';

const FILTERS = [{ name: 'run', label: 'Run', kind: 'text', placeholder: 'id of a run' }];

/** @param {{query: any}} props */
export function Proof({ query: { run } }) {
  const { data: proof, error, reload } = useGet(run ? '/audit/proof' : null, { run });
  return html`<${FilterBar} filters=${FILTERS} />
    ${!run && html`<${Empty} title="No run is chosen"><p>Enter the id of a run. Its proof shows, to those who have the verifier
      key, that its events stand in the log unchanged.</p><//>`}
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${run && proof && html`<${Found} run=${run} proof=${proof} />`}
    <h2>Check it elsewhere</h2>
    <p>At the operator’s, and then on any machine, without Baton’s store, configuration or network:</p>
    <${CopyLines} label="commands" text=${[
      `baton export --run ${run ?? 'ID'} -o events.ndjson --proof events.proof`,
      'baton audit key          # shows the verifier key, KEY',
      'baton audit verify --export events.ndjson --proof events.proof --key KEY',
    ].join('\n')} />
    <p class="muted">The downloaded proof takes the place of <code>events.proof</code>.</p>`;
}

/** @param {{run: string, proof: any}} props */
function Found({ run, proof }) {
  return html`<${Fields} rows=${[
      ['Run', html`<${Ref} kind="run" id=${run} />`], ['Last event', `version ${proof.version} at position ${proof.position}`],
      ['Leaf', html`<code>${proof.leaf}</code>`], ['Audit path', `${proof.path.length} hashes`],
    ]} />
    <div class="actions"><button type="button" class="primary"
      onClick=${() => download(JSON.stringify(proof), `${run}.proof`)}>Download the proof</button></div>
    <details><summary>The signed head that it leads to</summary><pre tabindex="0">${proof.head}</pre></details>`;
}
