/** Filters of a list, kept in the query of the URL. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { route, setQuery, values } from '../core/router.js';
import { formatInstant, fromZone } from '../core/time.js';
import { useOpenList } from './actions.js';
import { Choice } from './forms.js';

/**
 * @typedef {{value: string, label?: string} | string} Option
 * @typedef {{name: string, label: string, kind: 'text' | 'choice' | 'choices' | 'flag' | 'time',
 *   options?: Option[], placeholder?: string}} Filter `name` is the parameter. A flag is "true" or
 *   absent; choices repeat the parameter; a time is in UTC.
 */

/**
 * The filters of a list, each as the control of its kind.
 *
 * @param {{filters: Filter[], children?: any}} props The children stand at the end of the bar.
 */
export function FilterBar({ filters, children }) {
  const { query } = route.value;
  const used = filters.some(({ name }) => query[name] !== undefined);
  const clear = () => setQuery(Object.fromEntries(filters.map(({ name }) => [name, undefined])));
  return html`<div class="filters" role="search" aria-label="Filters">
    ${filters.map((filter) => html`<${KINDS[filter.kind]} key=${filter.name} filter=${filter} />`)}
    ${used && html`<button type="button" class="link" onClick=${clear}>Clear all</button>`}
    ${children}
  </div>`;
}

const TYPING_MS = 300;

/** @param {{filter: Filter}} props */
function Text({ filter: { name, label, placeholder } }) {
  const stored = values(route.value.query, name)[0] ?? '';
  const [text, setText] = useState(stored);
  const timer = useRef(0);
  useEffect(() => setText(stored), [stored]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onInput = (/** @type {any} */ event) => {
    const { value } = event.currentTarget;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ [name]: value.trim() || undefined }), TYPING_MS);
  };
  return html`<label>${label} <input
    type="search" value=${text} placeholder=${placeholder} spellcheck="false" onInput=${onInput}
  /></label>`;
}

/** @param {{filter: Filter}} props */
function OneOf({ filter: { name, label, options = [], placeholder = 'any' } }) {
  const named = options.map((option) => [valueOf(option), labelOf(option)]);
  return html`<${Choice} label=${label} value=${values(route.value.query, name)[0] ?? ''}
    options=${[['', placeholder], ...named]} onPick=${(/** @type {string} */ value) => setQuery({ [name]: value })} />`;
}

/** @param {{filter: Filter}} props */
function Choices({ filter: { name, label, options = [], placeholder = 'any' } }) {
  const [open, setOpen] = useState(false);
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useOpenList(ref, open, () => setOpen(false));
  const chosen = values(route.value.query, name);
  const toggle = (/** @type {string} */ value) => {
    const rest = chosen.filter((option) => option !== value);
    setQuery({ [name]: rest.length < chosen.length ? rest : [...chosen, value] });
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || !open) return;
    event.stopPropagation();
    setOpen(false);
    ref.current?.querySelector('button')?.focus();
  };
  const labels = options.filter((option) => chosen.includes(valueOf(option))).map(labelOf);
  return html`<span class="menu" ref=${ref} onKeyDown=${onKeyDown}>
    <button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      ${label}: ${labels.join(', ') || placeholder} <span aria-hidden="true">▾</span></button>
    ${open && html`<div class="menu-items" popover="manual" role="group" aria-label=${label}>
      ${options.map((option) => html`<label key=${valueOf(option)}><input
        type="checkbox" checked=${chosen.includes(valueOf(option))}
        onChange=${() => toggle(valueOf(option))} />${labelOf(option)}</label>`)}
    </div>`}
  </span>`;
}

/** @param {{filter: Filter}} props */
function Flag({ filter: { name, label } }) {
  const on = route.value.query[name] === 'true';
  return html`<label><input
    type="checkbox" checked=${on} onChange=${() => setQuery({ [name]: on ? undefined : 'true' })}
  />${label}</label>`;
}

/** @param {{filter: Filter}} props A time on the clock of the chosen zone. */
function Time({ filter: { name, label } }) {
  const stored = values(route.value.query, name)[0];
  const onClock = formatInstant(stored).replace(' ', 'T');
  const onChange = (/** @type {any} */ event) => {
    setQuery({ [name]: fromZone(event.currentTarget.value) ?? undefined });
  };
  return html`<label>${label} <input
    type="datetime-local" step="1" value=${onClock} onChange=${onChange} /></label>`;
}

const KINDS = { text: Text, choice: OneOf, choices: Choices, flag: Flag, time: Time };

/** @param {Option} option */
function valueOf(option) {
  return typeof option === 'string' ? option : option.value;
}

/** @param {Option} option */
function labelOf(option) {
  return typeof option === 'string' ? option : (option.label ?? option.value);
}
