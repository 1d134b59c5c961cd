/** The name of a run, which leads to its page. */
import { html } from '../../vendor/preact.js';
import { href } from '../../core/router.js';

/** @typedef {Record<string, any>} Run */

/** Return the name of a run: its title, else its definition with the correlation id or its own. */
export function nameOf(/** @type {Run} */ run) {
  return run.title ?? `${run.slug ?? 'run'} ${run.correlationId ?? run.id}`;
}

/** @param {{run: Run}} props */
export function RunName({ run }) {
  return html`<a href=${href(`/runs/${run.id}`)} title=${run.id}>${nameOf(run)}</a>`;
}
