/** Shows a schema member by member; what is inside a member is shown once it is opened. */
import { html, useState } from '../vendor/preact.js';
import { membersOf, typeOf } from './schema.js';
import { resolved } from './documents.js';

/**
 * @param {{schema: any, document: any}} props
 */
export function SchemaView({ schema, document }) {
  const members = membersOf(schema, document);
  if (members.length === 0) return html`<p><code>${typeOf(schema, document)}</code></p>`;
  return html`<div class="docs-members">
    ${members.map((one) => html`<${Member} key=${one.name} ...${one} document=${document} />`)}
  </div>`;
}

/** @param {{name: string, schema: any, required: boolean, document: any}} props */
function Member({ name, schema, required, document }) {
  const [open, setOpen] = useState(false);
  const about = resolved(schema, document).description ?? schema.description ?? '';
  const line = html`<code>${name}</code> <span class="muted">${typeOf(schema, document)}
    ${required ? ' · required' : ''}</span> ${about}`;
  if (membersOf(schema, document).length === 0) return html`<div>${line}</div>`;
  return html`<details onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary>${line}</summary>
    ${open && html`<${SchemaView} schema=${schema} document=${document} />`}
  </details>`;
}
