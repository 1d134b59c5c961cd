/** The answer to a request, or that it is awaited, or why it failed. */
import { html } from '../vendor/preact.js';
import { Failure, Loading } from './notice.js';

/**
 * @param {{of: import('../core/use_get.js').Loaded, children: (data: any) => any}} props The child
 *   is a function, which is called with the answer once there is one.
 */
export function Loaded({ of, children }) {
  const { data, error, reload } = of;
  if (data === undefined) {
    return error ? html`<${Failure} error=${error} onRetry=${reload} />` : html`<${Loading} />`;
  }
  return html`${error && html`<${Failure} error=${error} onRetry=${reload} />`}${children(data)}`;
}
