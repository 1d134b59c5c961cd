/** The page of all operations of this server: searchable, one of them open at a time. */
import { effect, html, render, signal } from '../vendor/preact.js';
import { resumeSession } from '../core/session.js';
import { Failure, Loading } from '../components/notice.js';
import { theme } from '../frame/top_bar.js';
import { OperationView } from './operation_view.js';

/** @type {import('@preact/signals').Signal<Operation[] | null>} */
const operations = signal(null);
/** @type {import('@preact/signals').Signal<Error | null>} */
const failure = signal(null);
const sought = signal('');
const chosenApi = signal('');
const opened = signal(location.hash.slice(1));

addEventListener('hashchange', () => {
  opened.value = location.hash.slice(1);
  requestAnimationFrame(() => document.getElementById('main')?.scrollIntoView());
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

/** The list of operations on the left, and the one that the address names on the right. */
function Docs() {
  if (failure.value !== null) return html`<main><${Failure} error=${failure.value} /></main>`;
  const all = operations.value;
  if (all === null) return html`<main><${Loading} label="Loading the documents…" /></main>`;
  const open = all.find(({ key }) => key === opened.value);
  return html`<div class="docs">
    <${List} operations=${all} />
    <main id="main" tabindex="-1">
      ${open ? html`<${OperationView} key=${open.key} operation=${open} />` : html`<${Welcome} />`}
    </main>
  </div>`;
}

/** @param {{operations: Operation[]}} props */
function List({ operations: all }) {
  const names = [...new Map(all.map(({ api }) => [api.name, api.title]))];
  const matching = all.filter((operation) => (
    (chosenApi.value === '' || operation.api.name === chosenApi.value) && matches(operation, sought.value)
  ));
  return html`<nav class="docs-list" aria-label="Operations">
    <div class="docs-tools">
      <h1>The APIs of this server</h1>
      <input type="search" placeholder="Search by path, name or words" aria-label="Search operations"
        value=${sought.value} onInput=${(/** @type {any} */ event) => (sought.value = event.target.value)} />
      <select aria-label="API" value=${chosenApi.value}
        onChange=${(/** @type {any} */ event) => (chosenApi.value = event.target.value)}>
        <option value="">All APIs</option>
        ${names.map(([name, title]) => html`<option value=${name}>${title}</option>`)}
      </select>
      <p class="muted" role="status">${matching.length} of ${all.length} operations</p>
    </div>
    <div class="docs-operations">${groups(matching).map(
      ([title, members]) => html`<section key=${title}>
        <h2>${title}</h2>${members.map((operation) => html`<${Entry} key=${operation.key} operation=${operation} />`)}
      </section>`,
    )}
    ${matching.length === 0 && html`<p class="muted docs-tools">No operation has these words. Search for
      a part of a path, such as <code>runs</code>, or choose all APIs.</p>`}</div>
  </nav>`;
}

/** @param {{operation: Operation}} props */
function Entry({ operation }) {
  const current = operation.key === opened.value ? 'true' : undefined;
  return html`<a href=${`#${operation.key}`} aria-current=${current}>
    <b class="method method-${operation.method}">${operation.method}</b>
    <code>${operation.path}</code><span>${operation.summary}</span>
  </a>`;
}

/** The page before an operation is opened. */
function Welcome() {
  const apis = [...new Map((operations.value ?? []).map(({ api }) => [api.name, api]))];
  return html`<h1>Choose an operation</h1>
    <p>Each one has its parameters, its body, examples, and a form that sends it to this server.</p>
    <table><thead><tr><th>API<th>Base<th>Document</tr></thead><tbody>
      ${apis.map(([name, api]) => html`<tr key=${name}>
        <td>${api.title}</td><td><code>${api.base || '/'}</code></td>
        <td><a href=${api.document}>${api.document}</a></td></tr>`)}
    </tbody></table>`;
}

/**
 * Return operations by API and tag, in the order of the documents.
 *
 * @param {Operation[]} matching
 */
function groups(matching) {
  return [...Map.groupBy(matching, ({ api, tag }) => (tag === '' ? api.title : `${api.title}: ${tag}`))];
}

render(html`<${Docs} />`, /** @type {HTMLElement} */ (document.getElementById('app')));
resumeSession();
loadApis().then(
  (all) => (operations.value = all),
  (error) => (failure.value = error),
);

/**
 * @typedef {{name: string, title: string, base: string, document: string, tenant_header?: string}} Api
 * @typedef {{name: string, in: string, required?: boolean, description?: string, schema: any}}
 *   Parameter
 * @typedef {{api: Api, key: string, id: string, method: string, path: string, summary: string,
 *   tag: string, scope: string | null, servers: Server[], parameters: Parameter[],
 *   operation: any, document: any}} Operation `scope` is null for an open operation.
 * @typedef {{url: string, variables?: Record<string, {default: string, description?: string}>}}
 *   Server
 */

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const OWN = 'baton';

/** @returns {Promise<Operation[]>} Those of Baton's own API first. */
async function loadApis() {
  const { apis } = await loaded('/openapi');
  const documents = await Promise.all(
    apis.map(async (/** @type {Api} */ api) => operationsOf(api, await loaded(api.document))),
  );
  const own = documents.filter((_, index) => apis[index].name === OWN);
  return [...own, ...documents.filter((_, index) => apis[index].name !== OWN)].flat();
}

/**
 * Return whether each word is in the operation's path, name, summary or tag.
 *
 * @param {Operation} operation
 * @param {string} text
 */
function matches({ method, path, id, summary, tag, api }, text) {
  const described = `${method} ${path} ${id} ${summary} ${tag} ${api.title}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => described.includes(word));
}

/** @param {string} path */
async function loaded(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: load the page again.`);
  return response.json();
}

/**
 * @param {Api} api
 * @param {any} document
 * @returns {Operation[]}
 */
function operationsOf(api, document) {
  return Object.entries(document.paths).flatMap(([path, item]) => (
    METHODS.filter((method) => method in item).map((method) => operationOf(api, document, path, method, item))
  ));
}

/**
 * @param {Api} api
 * @param {any} document
 * @param {string} path
 * @param {string} method
 * @param {any} item The path's item.
 * @returns {Operation}
 */
function operationOf(api, document, path, method, item) {
  const operation = item[method];
  const open = operation.security !== undefined && operation.security.length === 0;
  const id = operation.operationId ?? `${method} ${path}`;
  return {
    api,
    key: `${api.name}/${id}`,
    id,
    method: method.toUpperCase(),
    path,
    summary: operation.summary ?? '',
    tag: (operation.tags ?? [])[0] ?? '',
    scope: open ? null : operation['x-baton-scope'] ?? '',
    servers: document.servers ?? [{ url: '/' }],
    parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) =>
      resolved(parameter, document),
    ),
    operation,
    document,
  };
}

/**
 * Return what a reference of the document stands for.
 *
 * @param {any} value
 * @param {any} document
 */
export function resolved(value, document) {
  let target = value;
  for (let depth = 0; target?.$ref !== undefined && depth < 20; depth += 1) {
    const parts = target.$ref.slice(2).split('/');
    target = parts.reduce((/** @type {any} */ inside, /** @type {string} */ part) => inside?.[part], document);
  }
  return target ?? {};
}
