/** The actions on selected runs, or on all runs that match the filter. */
import { html, useEffect, useState } from '../../vendor/preact.js';
import { navigate } from '../../core/router.js';
import { formatCount } from '../../components/values.js';
import { BulkDialog } from '../bulk/bulk_dialog.js';
import { toBulkFilter } from './run_filters.js';

/** @typedef {Record<string, any>} Run */

const ACTIONS = /** @type {const} */ ([
  ['cancel', 'Cancel'], ['retry', 'Retry'], ['rerun', 'Rerun…'], ['pause', 'Pause'], ['resume', 'Resume'],
]);

/**
 * @param {{rows: Run[], selected: Set<string>, total: number, asked: Record<string, any>,
 *   onClear: () => void}} props `asked` are the parameters of the list.
 */
export function SelectionBar({ rows, selected, total, asked, onClear }) {
  const [everything, setEverything] = useState(false);
  useEffect(() => setEverything(false), [selected]);
  const [action, setAction] = useState(/** @type {string | null} */ (null));
  const chosen = rows.filter((run) => selected.has(run.id));
  const count = everything ? total : selected.size;
  const choice = everything
    ? { query: asked, filter: toBulkFilter(asked), total }
    : { ids: [...selected] };
  const [one, other] = [...selected];
  return html`<div class="selection-bar" role="region" aria-label="Actions on the selected runs">
    <strong>${formatCount(count)} selected</strong>
    ${!everything && total > selected.size && html`<button type="button" class="link" onClick=${() => setEverything(true)}>
      Select all ${formatCount(total)} that match the filter</button>`}
    <span class="actions">
      ${ACTIONS.map(([name, label]) => html`<${ActionButton}
        key=${name} label=${label} why=${everything ? null : whyNot(name, chosen)} onClick=${() => setAction(name)} />`)}
      <${ActionButton} label="Compare" onClick=${() => navigate(`/compare/${one}/${other}`)}
        why=${everything || selected.size !== 2 ? 'Select two runs to compare them' : null} />
      <button type="button" class="quiet" onClick=${onClear}>Clear</button>
    </span>
    ${action && html`<${BulkDialog} action=${action} choice=${choice} onClose=${() => setAction(null)} />`}
  </div>`;
}

/** @param {{label: string, why: string | null, onClick: () => void}} props `why` says why it is off. */
function ActionButton({ label, why, onClick }) {
  return html`<button type="button" aria-disabled=${why ? 'true' : undefined} title=${why}
    onClick=${why ? undefined : onClick}>${label}</button>`;
}

/**
 * Return why none of the runs takes an action, null if one of them does.
 *
 * @param {string} action
 * @param {Run[]} runs
 */
function whyNot(action, runs) {
  if (action === 'rerun' || runs.length === 0) return null;
  const answers = runs.map(({ actions }) => actions[action]);
  if (answers.some((one) => one === true)) return null;
  const [first] = answers;
  return runs.length === 1 ? first.why : `None of the selected runs takes it. The first: ${first.why}`;
}
