/** A JSON value as a tree whose members are made when they are opened, as raw text, or as a file. */
import { html, useMemo, useState } from '../vendor/preact.js';
import { Menu } from './actions.js';
import { copy, CopyButton, download } from './copy.js';
import { formatCount } from './values.js';

/** Members of one object or list that are shown at once; more on request. */
const AT_ONCE = 100;
const MOST_FOUND = 200;
const LONG_TEXT = 300;
/** Characters of a long text that are shown at once on request: a million of them take seconds. */
const MORE_TEXT = 20_000;
const LONG_RAW = 200_000;

/**
 * A value as a tree, which can be searched, copied and downloaded.
 *
 * @param {{value: any, label: string, open?: boolean}} props `label` names the value, also as the
 *   name of its file. `open` shows its first members at once.
 */
export function JsonTree({ value, label, open = true }) {
  const [raw, setRaw] = useState(false);
  const [text, setText] = useState('');
  const matches = useMemo(() => (text === '' ? null : findMembers(value, text, MOST_FOUND)), [value, text]);
  if (!isHolder(value)) {
    return html`<div class="json"><div class="json-line"><${Leaf} value=${value} />
      <${CopyButton} text=${plain(value)} label=${label} /></div></div>`;
  }
  const all = () => JSON.stringify(value, null, 2);
  return html`<div class="json" role="group" aria-label=${label}>
    <div class="json-tools">
      <input type="search" placeholder="Search" aria-label="Search in ${label}" value=${text}
        onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
      <button type="button" aria-pressed=${raw} onClick=${() => setRaw(!raw)}>Raw</button>
      <${CopyButton} text=${all} label=${label} />
      <button type="button" class="icon" aria-label="Download the ${label}" title="Download the ${label}"
        onClick=${() => download(all(), `${label}.json`)}>↓</button>
    </div>
    ${matches !== null ? html`<${Matches} matches=${matches} />`
      : raw ? html`<${Raw} text=${all()} />`
        : html`<${Members} value=${value} path="" depth=${open ? 0 : 1} />`}
  </div>`;
}

/** @param {{text: string}} props */
function Raw({ text }) {
  const cut = text.length > LONG_RAW;
  return html`<pre tabindex="0">${cut ? text.slice(0, LONG_RAW) : text}</pre>
    ${cut && html`<p class="muted">The first ${formatCount(LONG_RAW)} of
      ${' '}${formatCount(text.length)} characters. Download the value to see all of it.</p>`}`;
}

/** @param {{matches: {path: string, value: any}[]}} props */
function Matches({ matches }) {
  if (matches.length === 0) return html`<p class="muted">No member has this text.</p>`;
  return html`${matches.map(({ path, value }) => html`<${Member} key=${path} name=${path} path=${path} value=${value} depth=${9} />`)}
    ${matches.length >= MOST_FOUND && html`<p class="muted">Only the first ${MOST_FOUND} are shown.</p>`}`;
}

/** @param {{value: any, path: string, depth: number}} props */
function Members({ value, path, depth }) {
  const [most, setMost] = useState(AT_ONCE);
  const all = members(value);
  const left = all.length - most;
  return html`${all.slice(0, most).map(([key, member]) => html`<${Member}
      key=${key} name=${key} path=${memberPath(path, key)} value=${member} depth=${depth} />`)}
    ${all.length === 0 && html`<div class="json-line muted">${Array.isArray(value) ? '[ ] empty list' : '{ } empty object'}</div>`}
    ${left > 0 && html`<button type="button" class="link" onClick=${() => setMost(most + AT_ONCE)}>
      Show ${Math.min(left, AT_ONCE)} of ${formatCount(left)} more</button>`}`;
}

/** @param {{name: string | number, path: string, value: any, depth: number}} props */
function Member({ name, path, value, depth }) {
  const [open, setOpen] = useState(depth === 0 && members(value).length <= 10);
  if (!isHolder(value)) {
    return html`<div class="json-line"><span class="json-key">${shortened(name)}</span>
      <${Leaf} value=${value} /><${Tools} path=${path} value=${value} /></div>`;
  }
  return html`<div class="json-holder">
    <details open=${open} onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
      <summary><span class="json-key">${shortened(name)}</span> <span class="muted">${sizeOf(value)}</span></summary>
      ${open && html`<div class="json-inner"><${Members} value=${value} path=${path} depth=${depth + 1} /></div>`}
    </details>
    <${Tools} path=${path} value=${value} />
  </div>`;
}

/** @param {{path: string, value: any}} props */
function Tools({ path, value }) {
  return html`<span class="json-more">
    <${Menu} icon label="" name="Copy from ${shortened(path)}" items=${[
      { label: 'Copy the value', onPick: () => copy(plain(value)) },
      { label: 'Copy the path', onPick: () => copy(path) },
    ]} /></span>`;
}

/** @param {{value: any}} props */
function Leaf({ value }) {
  const [most, setMost] = useState(LONG_TEXT);
  if (typeof value !== 'string') return html`<span class="json-${typeof value}">${String(value)}</span>`;
  const left = value.length - most;
  return html`<span class="json-string">"${value.slice(0, most)}"</span>
    ${left > 0 && html` <button type="button" class="link" onClick=${() => setMost(most + MORE_TEXT)}>
      … ${formatCount(Math.min(left, MORE_TEXT))} more of ${formatCount(value.length)} characters</button>`}`;
}

/** @param {any} value */
function sizeOf(value) {
  const count = Array.isArray(value) ? value.length : Object.keys(value).length;
  return Array.isArray(value) ? `[${count}]` : `{${count}}`;
}

/** Return a name or a path that a line holds. @param {string | number} name */
function shortened(name) {
  const text = String(name);
  return text.length > LONG_TEXT ? `${text.slice(0, LONG_TEXT)}…` : text;
}

/** @param {any} value A text as it is, anything else as JSON. */
function plain(value) {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/**
 * Return the path of a member.
 *
 * @param {string} path The path of what holds it; empty for the whole value.
 * @param {string | number} key
 */
export function memberPath(path, key) {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/**
 * Return the members of an object or a list, none for any other value.
 *
 * @param {any} value
 * @returns {[string | number, any][]}
 */
function members(value) {
  if (Array.isArray(value)) return value.map((member, index) => [index, member]);
  return isHolder(value) ? Object.entries(value) : [];
}

/**
 * Return whether a value is an object or a list.
 *
 * @param {any} value
 */
export function isHolder(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * Return the members, however deep, whose key or plain value contains a text.
 *
 * @param {any} value
 * @param {string} text Compared without regard to case.
 * @param {number} most
 * @returns {{path: string, value: any}[]}
 */
function findMembers(value, text, most) {
  const wanted = text.toLowerCase();
  /** @type {{path: string, value: any}[]} */
  const matches = [];
  /** @type {{path: string, value: any}[]} */
  const open = [{ path: '', value }];
  while (open.length > 0 && matches.length < most) {
    const at = /** @type {{path: string, value: any}} */ (open.pop());
    const inner = members(at.value).map(([key, member]) => ({ key, path: memberPath(at.path, key), value: member }));
    for (const { key, path, value: member } of inner) {
      const holds = !isHolder(member) && String(member).toLowerCase().includes(wanted);
      if (holds || String(key).toLowerCase().includes(wanted)) matches.push({ path, value: member });
    }
    open.push(...inner.filter((member) => isHolder(member.value)).reverse());
  }
  return matches.slice(0, most);
}
