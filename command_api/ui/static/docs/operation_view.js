/** One operation: its parameters, its bodies and answers, and their schemas. */
import { html, useState } from '../vendor/preact.js';
import { resolved } from './docs.js';
import { TryIt } from './try_it.js';

/** @param {{operation: import('./docs.js').Operation}} props */
export function OperationView({ operation }) {
  const { api, method, path, summary, scope, operation: about, document } = operation;
  const body = resolved(about.requestBody, document);
  return html`<h1>${summary || operation.id}</h1>
    <p class="docs-path"><b class="method method-${method}">${method}</b>
      <code>${api.base.replace(/\/$/, '') + path}</code>
      <span class="muted">${scopeText(scope)} · ${operation.id} · ${' '}
        <a href=${api.document}>OpenAPI document</a></span></p>
    ${about.description && html`<p>${about.description}</p>`}
    <${TryIt} operation=${operation} body=${body} />
    ${Object.entries(body.content ?? {}).map(([media, { schema }]) => html`<section key=${media}>
      <h2>Members of the body <span class="muted">${media}</span></h2>
      <${SchemaView} schema=${schema ?? {}} document=${document} /></section>`)}
    <h2>Responses</h2>
    ${Object.entries(about.responses ?? {}).map(([status, response]) => html`<${ResponseView}
      key=${status} status=${status} response=${resolved(response, document)} document=${document} />`)}`;
}

/** @param {{status: string, response: any, document: any}} props */
function ResponseView({ status, response, document }) {
  const contents = Object.entries(response.content ?? {});
  const line = html`<code>${status}</code> ${response.description}`;
  if (contents.length === 0) return html`<p>${line}</p>`;
  return html`<details><summary>${line}</summary>
    ${contents.map(([media, { schema, example }]) => html`<section key=${media}>
      <p class="muted">${media}</p>
      <${SchemaView} schema=${schema ?? {}} document=${document} />
      ${example !== undefined && html`<h3>Example</h3>
        <pre tabindex="0">${typeof example === 'string' ? example : JSON.stringify(example, null, 2)}</pre>`}
    </section>`)}
  </details>`;
}

/** @param {string | null} scope */
function scopeText(scope) {
  if (scope === null) return 'needs no token';
  return scope === '' ? 'needs a token' : `needs ${scope}`;
}

/**
 * @param {{schema: any, document: any}} props
 */
function SchemaView({ schema, document }) {
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

const DEEP = 6;
const PLAIN = /** @type {Record<string, any>} */ ({
  string: 'text', integer: 1, number: 1, boolean: true, null: null,
});

/**
 * Return the type of a schema in a few words, such as "array of string".
 *
 * @param {any} schema
 * @param {any} document
 * @returns {string}
 */
export function typeOf(schema, document) {
  const found = resolved(schema, document);
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((/** @type {any} */ one) => JSON.stringify(one)).join(' | ');
  const choices = found.anyOf ?? found.oneOf;
  if (choices) {
    const names = choices.map((/** @type {any} */ one) => typeOf(one, document));
    return [...new Set(names)].join(' | ');
  }
  if (found.type === 'array') return `array of ${typeOf(found.items ?? {}, document)}`;
  const name = schema?.$ref?.split('/').at(-1);
  if (Array.isArray(found.type)) return found.type.join(' | ');
  return name && found.type === 'object' ? name : (found.format ?? found.type ?? 'any JSON');
}

/**
 * Return the members of an object, or of the objects in an array; none for other values.
 *
 * @param {any} schema
 * @param {any} document
 * @returns {{name: string, schema: any, required: boolean}[]}
 */
function membersOf(schema, document) {
  const found = resolved(schema, document);
  if (found.type === 'array') return membersOf(found.items, document);
  const choices = found.anyOf ?? found.oneOf ?? found.allOf;
  if (choices && !found.properties) {
    return choices.flatMap((/** @type {any} */ one) => membersOf(one, document));
  }
  const required = new Set(found.required ?? []);
  return Object.entries(found.properties ?? {}).map(([name, member]) => ({
    name,
    schema: member,
    required: required.has(name),
  }));
}

/**
 * Return a value that a schema describes, with its required members alone.
 *
 * @param {any} schema
 * @param {any} document
 * @returns {any}
 */
export function sampleOf(schema, document, depth = 0) {
  const found = resolved(schema, document);
  const known = found.example ?? found.examples?.[0] ?? found.default ?? found.const;
  if (known !== undefined) return known;
  if (found.enum) return found.enum[0];
  const choices = found.anyOf ?? found.oneOf ?? found.allOf;
  if (choices) return sampleOf(choices[0], document, depth + 1);
  if (found.type === 'array') return depth > DEEP ? [] : [sampleOf(found.items, document, depth + 1)];
  if (found.type === 'object' || found.properties) return objectOf(found, document, depth);
  return found.type in PLAIN ? PLAIN[found.type] : {};
}

/**
 * @param {any} found
 * @param {any} document
 * @param {number} depth
 */
function objectOf(found, document, depth) {
  if (depth > DEEP) return {};
  const required = (found.required ?? []).filter((/** @type {string} */ name) => found.properties?.[name]);
  return Object.fromEntries(
    required.map((/** @type {string} */ name) => [
      name,
      sampleOf(found.properties[name], document, depth + 1),
    ]),
  );
}
