/** Components whose modules are read when they are first shown. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { Failure, Loading } from './notice.js';

/**
 * @param {{load: () => Promise<any>} & Record<string, any>} props `load` resolves to the component
 *   and stays the same function; the other properties are the component's.
 */
export function Lazy({ load, ...props }) {
  const [found, setFound] = useState(/** @type {{component: any} | null} */ (null));
  const [failure, setFailure] = useState(/** @type {Error | null} */ (null));
  useEffect(() => {
    load().then((component) => setFound({ component }), setFailure);
  }, [load]);
  if (failure) return html`<${Failure} error=${failure} />`;
  if (found === null) return html`<${Loading} />`;
  return html`<${found.component} ...${props} />`;
}
