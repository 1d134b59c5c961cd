/** Loads the OpenAPI documents of every API, and makes one list of their operations. */

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
export async function loadApis() {
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
 * @param {Operation} one
 * @param {string} text
 */
export function matches(one, text) {
  const known = `${one.method} ${one.path} ${one.id} ${one.summary} ${one.tag} ${one.api.title}`;
  const words = text.toLowerCase().split(/\s+/);
  return words.every((word) => known.toLowerCase().includes(word));
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
  const found = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((one) => one in item)) {
      found.push(operationOf(api, document, path, method, item));
    }
  }
  return found;
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
    parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) =>
      resolved(one, document),
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
  let found = value;
  for (let depth = 0; found?.$ref !== undefined && depth < 20; depth += 1) {
    const parts = found.$ref.slice(2).split('/');
    found = parts.reduce((/** @type {any} */ inside, /** @type {string} */ part) => inside?.[part], document);
  }
  return found ?? {};
}
