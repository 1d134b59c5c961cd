/** One operation: its parameters, its body, its responses, and a form that sends it. */
import { html } from '../vendor/preact.js';
import { resolved } from './documents.js';
import { SchemaView } from './schema_view.js';
import { TryIt } from './try_it.js';

/** @param {{operation: import('./documents.js').Operation}} props */
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
