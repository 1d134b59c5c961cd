/** The time zone of every time on the page. */
import { html, useState } from '../vendor/preact.js';
import { zone } from '../core/time.js';

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** UTC, the zone of this machine, or any other one. All of them are listed once it has the focus. */
export function ZonePicker() {
  const [all, setAll] = useState(/** @type {string[]} */ ([]));
  const open = () => all.length === 0 && setAll(Intl.supportedValuesOf('timeZone'));
  const other = !['UTC', 'local', ...all].includes(zone.value);
  return html`<select
    class="quiet" aria-label="Time zone" title="Time zone of all times" value=${zone.value}
    onFocus=${open} onPointerDown=${open}
    onChange=${(/** @type {any} */ event) => (zone.value = event.currentTarget.value)}
  >
    <option value="UTC">UTC</option>
    <option value="local">Local: ${HERE}</option>
    ${other && html`<option value=${zone.value}>${zone.value}</option>`}
    ${all.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
  </select>`;
}
