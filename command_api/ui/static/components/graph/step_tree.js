/** The steps of a graph as a tree, with the same actions as the drawing: groups hold their steps. */
import { html, useMemo, useState } from '../../vendor/preact.js';
import { useWindow } from '../table.js';
import { Status } from '../values.js';
import { collapse } from './collapse.js';

const NO_GROUPS = new Set();

/**
 * @typedef {{node: import('./collapse.js').ShownNode, level: number, place: number, among: number,
 *   open?: boolean}} Item `place` of `among` items of its level; `open` is missing for a step
 * @typedef {{short: string, whole: string}} Conditions under which decisions lead to a step
 */

/**
 * @param {{nodes: import('./collapse.js').GraphNode[], edges: import('./collapse.js').GraphEdge[],
 *   selected?: string, onPick?: (id: string) => void, label?: string}} props
 */
export function StepTree({ nodes, edges, selected, onPick, label = 'Steps' }) {
  const [opened, setOpened] = useState(/** @type {ReadonlySet<string>} */ (NO_GROUPS));
  const collapsed = useMemo(() => collapse(nodes, edges, NO_GROUPS), [nodes, edges]);
  const items = useMemo(() => itemsOf(collapsed.nodes, opened), [collapsed, opened]);
  const conditions = useMemo(() => conditionsOf(edges), [edges]);
  const { ref, first, last, before, after, scrollTo } = useWindow(items.length);
  const [at, setAt] = useState(0);
  const active = Math.min(at, items.length - 1);
  const toggle = (/** @type {string} */ id, /** @type {boolean} */ open) => {
    const next = new Set(opened);
    if (open) next.add(id);
    else next.delete(id);
    setOpened(next);
  };
  const activate = (/** @type {Item} */ { node, open }) => (open === undefined ? onPick?.(node.id) : toggle(node.id, !open));
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || items.length === 0) return;
    const item = items[active];
    const move = MOVES[event.key];
    if (move !== undefined) {
      const next = Math.max(0, Math.min(items.length - 1, active + move));
      setAt(next);
      scrollTo(next);
    } else if (event.key === 'Enter' || event.key === ' ') activate(item);
    else if (event.key === 'ArrowRight' && item.open === false) toggle(item.node.id, true);
    else if (event.key === 'ArrowLeft' && item.open) toggle(item.node.id, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="step-tree" role="tree" aria-label=${label} tabindex="0" ref=${ref} data-rows
    aria-activedescendant=${items.length > 0 ? idOf(active) : undefined} onKeyDown=${onKeyDown}>
    <div style=${{ height: `${before}px` }} role="none"></div>
    ${items.slice(first, last).map((item, index) => html`<${TreeItem} key=${item.node.id} item=${item}
      id=${idOf(first + index)} active=${first + index === active} selected=${item.node.id === selected}
      conditions=${conditions.get(item.node.id)}
      onClick=${() => { setAt(first + index); activate(item); }} />`)}
    <div style=${{ height: `${after}px` }} role="none"></div>
  </div>`;
}

/** @type {Record<string, number>} */
const MOVES = {
  ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity,
};

/** @param {number} index */
const idOf = (index) => `step-tree-${index}`;

/**
 * @param {{item: Item, id: string, active: boolean, selected: boolean, conditions?: Conditions,
 *   onClick: () => void}} props
 */
function TreeItem({ item, id, active, selected, conditions, onClick }) {
  const { node, level, place, among, open } = item;
  const classes = ['step-item', `level-${level}`, active && 'is-active', selected && 'is-selected'];
  const title = conditions ? `${node.label}, after ${conditions.whole}` : node.label;
  return html`<div role="treeitem" id=${id} class=${classes.filter(Boolean).join(' ')} title=${title}
    aria-level=${level} aria-posinset=${place} aria-setsize=${among} aria-expanded=${open}
    aria-selected=${selected} onClick=${onClick}>
    <span class="step-item-name">${open !== undefined && html`<span aria-hidden="true">${open ? '▾' : '▸'} </span>`}
      ${node.label}
      ${conditions && html` <span class="muted" aria-hidden="true">${conditions.short}</span>
        <span class="hidden">after ${conditions.whole}</span>`}</span>
    ${node.status && open === undefined && html`<${Status} value=${node.status} />`}
    <span class="muted step-item-note">${node.note ?? (node.status ? '' : node.kind)}</span>
  </div>`;
}

/**
 * Return the conditions under which decisions lead to each step, by its id.
 *
 * @param {import('./collapse.js').GraphEdge[]} edges
 * @returns {Map<string, Conditions>}
 */
function conditionsOf(edges) {
  const conditions = new Map();
  for (const { from, to, label, condition = label } of edges) {
    if (label === undefined) continue;
    const before = conditions.get(to);
    const whole = `${from}: ${condition}`;
    conditions.set(to, before === undefined ? { short: label, whole }
      : { short: `${before.short}, ${label}`, whole: `${before.whole}; ${whole}` });
  }
  return conditions;
}

/**
 * @param {import('./collapse.js').ShownNode[]} nodes
 * @param {ReadonlySet<string>} opened
 * @returns {Item[]}
 */
function itemsOf(nodes, opened) {
  return nodes.flatMap((node, index) => {
    const { members } = node;
    const item = { node, level: 1, place: index + 1, among: nodes.length };
    if (members === undefined) return [item];
    const open = opened.has(node.id);
    const steps = members.map((member, at) => (
      { node: member, level: 2, place: at + 1, among: members.length }
    ));
    return [{ ...item, open }, ...(open ? steps : [])];
  });
}
