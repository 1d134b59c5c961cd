/** The types of events that the page holds: what to fold, and which alone to show. */
import { html, useMemo } from '../../vendor/preact.js';
import { setQuery } from '../../core/router.js';
import { formatCount } from '../../components/values.js';
import { isFailure } from '../streams/failures.js';
import { countTypes, folded, toggleFolded } from './folding.js';

/** @param {{events: any[], types: string[]}} props `types` are those of the URL. */
export function Types({ events, types }) {
  const counts = useMemo(() => new Map(countTypes(events)), [events]);
  const names = [...new Set([...counts.keys(), ...folded.value, ...types])];
  return html`<details class="types">
    <summary>Types of events
      ${types.length > 0 && html` <strong>only ${types.length > 3 ? `${types.length} types` : types.join(', ')}</strong>`}
      ${folded.value.length > 0 && html` <span class="muted">${folded.value.length} folded</span>`}</summary>
    <p class="muted">Without its tick, a type is folded: its events stand together in one row, and this browser
      remembers it. Failures are never folded. “Only” leaves out all other types.</p>
    <ul>${names.map((name) => html`<${Type} key=${name} name=${name} count=${counts.get(name) ?? 0} types=${types} />`)}</ul>
  </details>`;
}

/** @param {{name: string, count: number, types: string[]}} props */
function Type({ name, count, types }) {
  const chosen = types.includes(name);
  const only = () => setQuery({ type: chosen ? types.filter((one) => one !== name) : [...types, name] });
  const failure = isFailure(name);
  return html`<li>
    <label title=${failure ? 'Failures are never folded.' : undefined}><input type="checkbox" disabled=${failure}
      checked=${failure || !folded.value.includes(name)} onChange=${() => toggleFolded(name)} />${name}</label>
    <span class="count">${formatCount(count)}</span>
    <button type="button" class="link" aria-label="${chosen ? 'Show other types than' : 'Show only'} ${name}"
      onClick=${only}>${chosen ? 'others too' : 'only'}</button>
  </li>`;
}
