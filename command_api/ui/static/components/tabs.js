/** Tabs: one is current; arrow keys move among them. The panel below them belongs to the page. */
import { html, useRef } from '../vendor/preact.js';
import { formatCount } from '../core/text/counts.js';

const MOVES = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1 });

/**
 * @param {{tabs: {id: string, label: string, count?: number}[], current: string, label?: string,
 *   onPick: (id: string) => void}} props
 */
export function Tabs({ tabs, current, onPick, label }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const move = MOVES[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const index = tabs.findIndex(({ id }) => id === current);
    const next = (index + move + tabs.length) % tabs.length;
    onPick(tabs[next].id);
    /** @type {HTMLElement} */ (list.current?.children[next]).focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${onKeyDown}>
    ${tabs.map(({ id, label: name, count }) => html`<button
      type="button" role="tab" key=${id} aria-selected=${id === current}
      tabindex=${id === current ? 0 : -1} onClick=${() => onPick(id)}
    >${name}${count !== undefined && html` <span class="count">${formatCount(count)}</span>`}</button>`)}
  </div>`;
}
