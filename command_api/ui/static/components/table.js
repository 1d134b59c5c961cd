/** Tables of any number of rows, of which only those near the visible part are in the document. */
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact.js';
import { Time } from '../core/time.js';
import { Status } from './values.js';

/**
 * @typedef {{key: string, title: any, width?: string, render?: (row: any, index: number) => any,
 *   numeric?: boolean, at?: 'state' | 'name' | 'when' | 'about' | 'more' | 'line'}} Column `width` is
 *   a track of a CSS grid ("120px", "2fr"). Without `render` the row's member `key` is shown. `at` is
 *   the place of the column where the table is narrow and each row has two lines: the name and the
 *   time above, what is about it and more below, or one long text; the state before both. Columns
 *   without a place aren't shown there.
 * @typedef {string | ((row: any) => string)} RowKey The member that identifies a row, or a function.
 * @typedef {{label: string, columns: Column[], rows: any[], rowKey?: RowKey,
 *   selected?: Set<string>, onSelect?: (selected: Set<string>) => void,
 *   onOpen?: (row: any) => void, links?: boolean, total?: number, onEnd?: () => void,
 *   current?: string, rowClass?: (row: any) => string}} TableProps
 *   The default of `rowKey` is `id`. With `onSelect` rows have checkboxes.
 *   `onOpen` is called for a click and Enter; with `links` they follow the first link of the row.
 *   `total` counts the rows that aren't loaded yet, too;
 *   `onEnd` is called when the last loaded row comes near. `current` is the key of the row whose
 *   details are shown beside the table.
 */

/**
 * @param {any} row
 * @param {RowKey} [rowKey]
 */
function keyOf(row, rowKey = 'id') {
  return typeof rowKey === 'string' ? String(row[rowKey]) : rowKey(row);
}

/**
 * A table of any number of rows, of which only those near the visible part are in the document.
 *
 * @param {TableProps} props
 */
export function Table(props) {
  const { label, columns, rows, onSelect, total = rows.length, onEnd } = props;
  const { ref, first, last, before, after, scrollTo } = useWindow(rows.length, 1);
  const { at, setAt, onKeyDown } = useRowKeys(props, ref, scrollTo);
  useEffect(() => {
    if (onEnd && last >= rows.length && rows.length < total) onEnd();
  }, [last, rows.length, total]);
  const check = onSelect ? '32px ' : '';
  const tracks = columns.map(({ width = 'minmax(80px, 1fr)' }) => width).join(' ');
  const state = columns.some((column) => column.at === 'state') ? '108px ' : '';
  const style = {
    '--tracks': check + tracks,
    '--narrow-tracks': `${check}${state}minmax(0, 1fr) fit-content(30%)`,
  };
  const nodes = useRowNodes(props, { first, last, at, setAt });
  return html`<div
    class="table ${columns.some((column) => column.at) ? 'has-lines' : ''}" role="table" aria-label=${label}
    aria-rowcount=${total + 1} ref=${ref} style=${style} tabindex=${rows.length === 0 ? 0 : -1}
    onKeyDown=${onKeyDown} data-rows
  >
    <div role="rowgroup" class="table-head"><${Head} ...${props} /></div>
    <div role="rowgroup">
      <div style=${{ height: `${before}px` }}></div>${nodes}<div style=${{ height: `${after}px` }}></div>
    </div>
  </div>`;
}

/**
 * Return the rows that are in the document. While the table only scrolls, a row that stays is the
 * same node as before, which isn't rendered again.
 *
 * @param {TableProps} props
 * @param {{first: number, last: number, at: number, setAt: (index: number) => void}} view
 */
function useRowNodes(props, { first, last, at, setAt }) {
  const before = useRef({ props, nodes: new Map() });
  const same = before.current.props === props;
  const nodes = new Map();
  props.rows.slice(first, last).forEach((row, offset) => {
    const index = first + offset;
    const stop = index === at;
    const id = `${index} ${stop}`;
    const kept = same ? before.current.nodes.get(id) : undefined;
    nodes.set(id, kept ?? html`<${Row}
      key=${keyOf(row, props.rowKey)} row=${row} index=${index} props=${props} stop=${stop} onFocus=${setAt}
    />`);
  });
  before.current = { props, nodes };
  return [...nodes.values()];
}

/** @param {TableProps} props */
function Head({ columns, rows, rowKey, selected = new Set(), onSelect }) {
  const keys = onSelect ? rows.map((row) => keyOf(row, rowKey)) : [];
  const all = keys.length > 0 && keys.every((key) => selected.has(key));
  return html`<div role="row" class="table-row" aria-rowindex="1">
    ${onSelect && html`<span role="columnheader" class="cell cell-check"><input
      type="checkbox" aria-label="Select all rows that are loaded" checked=${all}
      onChange=${() => onSelect(new Set(all ? [] : keys))}
    /></span>`}
    ${columns.map((column) => html`<span
      role="columnheader" key=${column.key} class=${cellClass(column)}>${column.title}</span>`)}
  </div>`;
}

/** @param {Column} column */
function cellClass({ numeric, at }) {
  return `cell${numeric ? ' numeric' : ''}${at ? ` at-${at}` : ''}`;
}

/**
 * @param {{row: any, index: number, props: TableProps, stop: boolean,
 *   onFocus: (index: number) => void}} given `stop` is true for the row that Tab reaches.
 */
function Row({ row, index, props, stop, onFocus }) {
  const { columns, rowKey, selected, onSelect, onOpen, links, current, rowClass } = props;
  const key = keyOf(row, rowKey);
  const chosen = selected?.has(key) ?? false;
  const classes = ['table-row', (onOpen || links) && 'opens', chosen && 'chosen', current === key && 'current'];
  const onClick = (/** @type {any} */ event) => {
    if (isControl(event)) return;
    if (links) event.currentTarget.querySelector('a')?.click();
    else onOpen?.(row);
  };
  return html`<div
    role="row" aria-rowindex=${index + 2} tabindex=${stop ? 0 : -1} data-index=${index}
    class=${[...classes, rowClass?.(row)].filter(Boolean).join(' ')}
    onClick=${onClick}
    onFocus=${() => onFocus(index)}
  >
    ${onSelect && html`<span role="cell" class="cell cell-check"><input
      type="checkbox" tabindex="-1" checked=${chosen} aria-label="Select row ${index + 1}"
      onChange=${() => onSelect(toggled(selected, key))}
    /></span>`}
    ${columns.map((column) => {
      const content = column.render ? column.render(row, index) : row[column.key];
      return html`<span role="cell" key=${column.key} class=${cellClass(column)}
        title=${typeof content === 'string' ? content : undefined}>${content}</span>`;
    })}
  </div>`;
}

/**
 * The keys of a table: arrows and j, k move among its rows, Enter opens one, x selects it.
 *
 * @param {TableProps} props
 * @param {{current: HTMLElement | null}} ref
 * @param {(index: number) => void} scrollTo
 */
function useRowKeys({ rows, rowKey, selected, onSelect }, ref, scrollTo) {
  const [at, setAt] = useState(0);
  const wanted = useRef(-1);
  const rowAt = (/** @type {number} */ index) => /** @type {HTMLElement | null | undefined} */ (
    ref.current?.querySelector(`[data-index="${index}"]`));
  const focusWanted = () => {
    const row = rowAt(wanted.current);
    if (!row) return; // it is shown once the box has scrolled
    wanted.current = -1;
    row.focus({ preventScroll: true });
  };
  useEffect(focusWanted);
  const move = (/** @type {number} */ index) => {
    wanted.current = Math.max(0, Math.min(index, rows.length - 1));
    scrollTo(wanted.current);
    setAt(wanted.current);
    focusWanted();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || rows.length === 0) return;
    const on = event.target === ref.current || /** @type {Element} */ (event.target).matches('[data-index]');
    const inside = ref.current?.contains(document.activeElement) && document.activeElement !== ref.current;
    const action = on ? ACTIONS[event.key] : undefined;
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (typeof action === 'number') move(inside ? at + action : at);
    else if (action === 'open') rowAt(at)?.click();
    else if (action === 'select') onSelect?.(toggled(selected, keyOf(rows[Math.min(at, rows.length - 1)], rowKey)));
    else move(action === 'first' ? 0 : rows.length - 1);
  };
  return { at: Math.min(at, Math.max(rows.length - 1, 0)), setAt, onKeyDown };
}

/** @type {Record<string, number | string>} */
const ACTIONS = {
  j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: 'first', End: 'last',
  Enter: 'open', x: 'select',
};

/**
 * @param {Set<string> | undefined} selected
 * @param {string} key
 */
function toggled(selected, key) {
  const next = new Set(selected);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** @param {MouseEvent} event */
function isControl({ target, currentTarget }) {
  const control = /** @type {Element} */ (target).closest('a, button, input, label, summary');
  return control !== null && /** @type {Element} */ (currentTarget).contains(control);
}

const SPARE = 5;
/** A list never has more rows in the document, however high its box is. */
const MOST = 80;
/** The first of the rows, all of which are equally high. */
const ROW = '[role=row], [role=treeitem]';

/**
 * Return which of `count` rows have to be in the document.
 *
 * @param {number} count
 * @param {number} [head] Rows that stand above the first one while the box scrolls.
 * @returns {{ref: {current: any}, first: number, last: number, before: number, after: number,
 *   scrollTo: (index: number) => void}} `ref` goes to the box that scrolls. Rows from `first` to
 *   `last` (not included) are shown, between gaps of `before` and `after` pixels. `scrollTo` brings
 *   a row into view.
 */
export function useWindow(count, head = 0) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [{ top, height, rowHeight }, setBox] = useState({ top: 0, height: 800, rowHeight: 28 });
  useLayoutEffect(() => {
    const box = ref.current;
    if (box === null) return undefined;
    const look = () => setBox((before) => {
      const row = /** @type {HTMLElement | null} */ (box.querySelector(ROW))?.offsetHeight || before.rowHeight;
      const step = row * (SPARE / 2);
      const now = { top: Math.floor(box.scrollTop / step) * step, height: box.clientHeight, rowHeight: row };
      return now.top === before.top && now.height === before.height && row === before.rowHeight ? before : now;
    });
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(box);
    box.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      box.removeEventListener('scroll', look);
    };
  }, []);
  const first = Math.max(0, Math.min(Math.floor(top / rowHeight) - SPARE, count - 1));
  const wanted = Math.ceil(height / rowHeight) + 3 * SPARE;
  const last = Math.min(count, first + Math.min(wanted, MOST));
  const scrollTo = (/** @type {number} */ index) => {
    const box = ref.current;
    if (box === null) return;
    const start = index * rowHeight;
    const end = start + rowHeight * (1 + head);
    if (start < box.scrollTop) box.scrollTop = start;
    else if (end > box.scrollTop + box.clientHeight) box.scrollTop = end - box.clientHeight;
  };
  return {
    ref, first, last, before: first * rowHeight, after: (count - last) * rowHeight, scrollTo,
  };
}

/**
 * Return a column of times.
 *
 * @param {string} key
 * @param {string} title
 * @param {Column['at']} [at]
 * @returns {Column}
 */
export function timeColumn(key, title, at) {
  return { key, title, width: 'minmax(250px, 1fr)', at, render: (row) => html`<${Time} at=${row[key]} />` };
}

/**
 * Return a column of statuses.
 *
 * @param {string} key
 * @param {string} title
 * @param {string} [width]
 * @returns {Column}
 */
export function statusColumn(key, title, width = '120px') {
  return { key, title, width, at: 'state', render: (row) => html`<${Status} value=${row[key]} />` };
}
