/** The virtual time of a server that was started with --virtual-time, and moving it. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { Time } from '../../core/time.js';
import { useGet } from '../../core/use_get.js';
import { Failure, Loading } from '../../components/notice.js';

const EVERY_MS = 2000;
const STEPS = ['1m', '1h', '1d', '7d'];

/** The time, what is due next, and buttons that move the clock. */
export function Clock() {
  const { data: clock, error, reload } = useGet('/clock', {}, { everyMs: EVERY_MS });
  const [by, setBy] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const move = async (/** @type {{advance: string} | {to: string}} */ body) => {
    setBusy(true);
    setFailure(null);
    await send('POST', '/clock', body).catch(setFailure);
    setBusy(false);
    reload();
  };
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (by.trim() !== '') move({ advance: by.trim() });
  };
  return html`<section class="clock"><h2>Virtual time</h2>
    ${(failure ?? error) && html`<${Failure} error=${failure ?? error} />`}
    ${!clock && !error && html`<${Loading} />`}
    ${clock && html`<p>The clock stands at <strong><${Time} at=${clock.now} milliseconds /></strong>.
      ${clock.nextDueAt ? html` Something is due at <${Time} at=${clock.nextDueAt} />.` : ' Nothing is due, whatever the clock shows.'}
      ${' '}Everything that is due on the way of a move happens in its order. Sessions and tokens expire by this
      clock, too.</p>
    <form class="actions" onSubmit=${onSubmit}>
      ${clock.nextDueAt && html`<button type="button" disabled=${busy} onClick=${() => move({ to: clock.nextDueAt })}>To what is due next</button>`}
      ${STEPS.map((step) => html`<button type="button" key=${step} disabled=${busy} onClick=${() => move({ advance: step })}>+ ${step}</button>`)}
      <input type="text" aria-label="Move the clock by" placeholder="90s, 3h, 2d" value=${by}
        onInput=${(/** @type {any} */ event) => setBy(event.currentTarget.value)} />
      <button type="submit" disabled=${busy || by.trim() === ''}>Move</button>
      ${busy && html`<span class="muted">Moving…</span>`}
    </form>`}
  </section>`;
}
