/** The page for an address that names nothing. */
import { html } from '../vendor/preact.js';
import { href } from '../core/router.js';
import { Empty } from '../components/notice.js';

/** Says so, and where to go instead. */
export function NotFound() {
  return html`<h1>No such page</h1>
    <${Empty} title="This address names no page">
      <p>Check its spelling, or go to the <a href=${href('/')}>overview</a> or
        the <a href=${href('/runs')}>runs</a>.</p>
    <//>`;
}
