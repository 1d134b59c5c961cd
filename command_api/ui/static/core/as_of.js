/** The position of the log that the page shows: `?asOf=` of its URL, or now. */
import { computed } from '../vendor/preact.js';
import { route, setQuery } from './router.js';

/** The position that is shown, null for now. */
export const asOf = computed(() => {
  const { asOf: text } = route.value.query;
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : null;
});

/** Whether the page shows the past, in which nothing can be changed. */
export const readOnly = computed(() => asOf.value !== null);

/**
 * Show the state as of a position, or as of now.
 *
 * @param {number | null} position
 */
export function showAsOf(position) {
  setQuery({ asOf: position === null ? undefined : String(position) });
}
