/** The things that need a person: stuck runs, failures that weren't run again, and dead letters. */
import { html } from '../../vendor/preact.js';
import { asOf, href } from '../../core/router.js';
import { may } from '../../core/session.js';
import { useGet } from '../../core/use_get.js';
import { Failure } from '../../components/notice.js';
import { RunLines } from './run_lines.js';

const EVERY_MS = 5000;
const SHOWN = 5;

/** @param {{failed: number}} props */
export function Attention({ failed }) {
  const now = asOf.value === null; // these lists have indexes as of now alone
  const stuck = useGet(now ? '/runs' : null, { stuck: true, limit: SHOWN }, { everyMs: EVERY_MS });
  const open = useGet(now ? '/runs' : null, { handled: false, limit: SHOWN }, { everyMs: EVERY_MS });
  const letters = useGet(now && may('orchestrator:admin') ? '/dead-letters' : null, { limit: 100 }, { everyMs: EVERY_MS });
  if (!now) return html`<p class="muted">Shown as of now only. Runs that had failed: ${failed.toLocaleString('en')}.</p>`;
  const error = stuck.error ?? open.error ?? letters.error;
  const waiting = (letters.data?.letters ?? []).filter((/** @type {any} */ letter) => !letter.redrivenAt).length;
  return html`
    ${error && html`<${Failure} error=${error} />`}
    <p><a href=${href('/runs', { stuck: 'true' })}><strong>${stuck.data?.total ?? '–'}</strong> stuck</a>
      <span class="muted"> – runs that nothing recorded moves any more</span></p>
    <${RunLines} runs=${stuck.data?.runs} />
    <p><a href=${href('/runs', { handled: 'false' })}><strong>${(open.data?.total ?? '–').toLocaleString('en')}</strong> failed and not run again</a></p>
    <${RunLines} runs=${open.data?.runs} />
    ${may('orchestrator:admin') && html`<p><a href=${href('/dead-letters')}><strong>${letters.data === undefined ? '–' : letters.data.next ? '100 or more' : waiting}</strong> dead letters</a>
      <span class="muted"> – messages that couldn’t be read</span></p>`}`;
}
