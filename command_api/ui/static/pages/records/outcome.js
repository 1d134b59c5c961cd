/** The outcome of a record event for one definition, with its reason. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';
import { Status } from '../../components/values.js';

/**
 * @typedef {{outcome: string, runId?: string, reason?: string, field?: string, wanted?: string,
 *   was?: string}} Outcome
 */

/** @type {Record<string, string>} */
const WORDS = { not_matched: 'no match' };

/** @param {{of: Outcome}} props */
export function OutcomeCell({ of }) {
  return html`<${Status} value=${WORDS[of.outcome] ?? of.outcome} />`;
}

/**
 * Return the reason of an outcome, or a link to the run that started.
 *
 * @param {Outcome} of
 */
export function whyText({ outcome, runId, reason, field, wanted, was }) {
  if (runId !== undefined) return html`run <a href=${href(`/runs/${runId}`)}>${runId}</a>`;
  if (outcome === 'pending') return 'It matches; the scheduler has yet to start the run.';
  return reason ?? `its ${field} should be ${quoted(wanted)} and was ${quoted(was)}`;
}

/** @param {string | undefined} text */
function quoted(text) {
  return text === undefined ? 'another one' : `“${text}”`;
}
