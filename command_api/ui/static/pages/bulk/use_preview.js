/** The preview of a bulk: the runs that it concerns, found again whenever its options change. */
import { useEffect, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { chosenRuns } from './choose_runs.js';

/**
 * @typedef {{body: Record<string, any>, count: number, sample: any[], confirm: string}} Preview
 *   `body` is the request that the preview was made of.
 */

const PAUSE_MS = 300;

/**
 * @param {string} action
 * @param {import('./choose_runs.js').Choice} choice It stays the same while the component is shown.
 * @param {Record<string, any> | null} args The options; null if they can't be used.
 * @param {number} round Another number makes the preview again.
 * @returns {{preview: Preview | null, error: any, loading: boolean}}
 */
export function usePreview(action, choice, args, round) {
  const key = `${JSON.stringify(args)} ${round}`;
  const [state, setState] = useState({
    key: '', preview: /** @type {Preview | null} */ (null), error: /** @type {any} */ (null),
  });
  useEffect(() => {
    if (args === null) return undefined;
    const abort = new AbortController();
    const make = async () => {
      try {
        const body = { action, args, ...(await chosenRuns(choice, abort.signal)) };
        const { data } = await send('POST', '/bulk', { ...body, dryRun: true }, { signal: abort.signal });
        setState({ key, preview: { ...data, body }, error: null });
      } catch (error) {
        if (!abort.signal.aborted) setState({ key, preview: null, error });
      }
    };
    const timer = setTimeout(make, state.key === '' ? 0 : PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key]);
  return { ...state, loading: args !== null && state.key !== key };
}
