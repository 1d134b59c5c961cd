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
    ${members.map((member) => html`<${Member} key=${member.name} ...${member} document=${document} />`)}
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
  const shape = resolved(schema, document);
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum) return shape.enum.map((/** @type {any} */ value) => JSON.stringify(value)).join(' | ');
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices) {
    const names = choices.map((/** @type {any} */ choice) => typeOf(choice, document));
    return [...new Set(names)].join(' | ');
  }
  if (shape.type === 'array') return `array of ${typeOf(shape.items ?? {}, document)}`;
  const name = schema?.$ref?.split('/').at(-1);
  if (Array.isArray(shape.type)) return shape.type.join(' | ');
  return name && shape.type === 'object' ? name : (shape.format ?? shape.type ?? 'any JSON');
}

/**
 * Return the members of an object, or of the objects in an array; none for other values.
 *
 * @param {any} schema
 * @param {any} document
 * @returns {{name: string, schema: any, required: boolean}[]}
 */
function membersOf(schema, document) {
  const shape = resolved(schema, document);
  if (shape.type === 'array') return membersOf(shape.items, document);
  const choices = shape.anyOf ?? shape.oneOf ?? shape.allOf;
  if (choices && !shape.properties) {
    return choices.flatMap((/** @type {any} */ choice) => membersOf(choice, document));
  }
  const required = new Set(shape.required ?? []);
  return Object.entries(shape.properties ?? {}).map(([name, member]) => ({
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
  const shape = resolved(schema, document);
  const example = shape.example ?? shape.examples?.[0] ?? shape.default ?? shape.const;
  if (example !== undefined) return example;
  if (shape.enum) return shape.enum[0];
  const choices = shape.anyOf ?? shape.oneOf ?? shape.allOf;
  if (choices) return sampleOf(choices[0], document, depth + 1);
  if (shape.type === 'array') return depth > DEEP ? [] : [sampleOf(shape.items, document, depth + 1)];
  if (shape.type === 'object' || shape.properties) return objectOf(shape, document, depth);
  return shape.type in PLAIN ? PLAIN[shape.type] : {};
}

/**
 * @param {any} shape
 * @param {any} document
 * @param {number} depth
 */
function objectOf(shape, document, depth) {
  if (depth > DEEP) return {};
  const required = (shape.required ?? []).filter((/** @type {string} */ name) => shape.properties?.[name]);
  return Object.fromEntries(
    required.map((/** @type {string} */ name) => [
      name,
      sampleOf(shape.properties[name], document, depth + 1),
    ]),
  );
}
