/** The styles of the pages about events and the server itself. */
import { html } from '../../vendor/preact.js';

const HREF = new URL('../../style/admin.css', import.meta.url).pathname;

/** The link to the styles, which the pages need that show it. */
export function Styles() {
  return html`<link rel="stylesheet" href=${HREF} />`;
}
