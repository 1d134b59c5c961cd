/** The form of an operation: its parameters, its body, and the server's answer. */
import { html, signal, useEffect, useRef, useState } from '../vendor/preact.js';
import { half, session, tenant } from '../core/session.js';
import { CopyButton } from '../components/copy.js';
import { Notice } from '../components/notice.js';
import { sampleOf, typeOf } from './operation_view.js';
import { curlOf, requestOf, Result, sendTo } from './request.js';

/** @param {{operation: import('./docs.js').Operation, body: any}} props */
export function TryIt({ operation, body }) {
  const medias = Object.keys(body.content ?? {});
  const [server, setServer] = useState(operation.servers[0]?.url ?? '/');
  const [media, setMedia] = useState(medias[0] ?? '');
  const [text, setText] = useState(() => exampleOf(body, medias[0], operation.document));
  const [values, setValues] = useState(/** @type {Record<string, string>} */ ({}));
  const [result, setResult] = useState(/** @type {import('./request.js').Answer | null} */ (null));
  const stop = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => () => stop.current?.abort(), []);

  const fields = fieldsOf(operation, server);
  const filled = { ...defaultsOf(fields), ...values };
  const { headers, why } = credentialsFor(operation);
  const set = (/** @type {string} */ name, /** @type {string} */ value) =>
    setValues((before) => ({ ...before, [name]: value }));
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    stop.current?.abort();
    stop.current = new AbortController();
    try {
      const form = { server, values: filled, body: text, media, headers };
      await sendTo(requestOf(operation, form), stop.current, setResult);
    } catch (error) {
      setResult({ failure: /** @type {Error} */ (error).message });
    }
  };
  return html`<form onSubmit=${send}>
    ${operation.scope !== null && html`<${Credentials} />`}
    ${operation.servers.length > 1 && html`<label>Base <select value=${server}
      onChange=${(/** @type {any} */ event) => setServer(event.target.value)}>
      ${operation.servers.map(({ url }) => html`<option>${url}</option>`)}</select></label>`}
    ${fields.length > 0 && html`<h2>Parameters</h2>`}
    ${fields.map((field) => html`<${Field} key=${field.key} field=${field}
      value=${filled[field.key] ?? ''} onChange=${(/** @type {string} */ value) => set(field.key, value)}
      document=${operation.document} />`)}
    ${medias.length > 0 && html`<h2>Body ${medias.length > 1
      ? html`<select aria-label="Media type" value=${media}
          onChange=${(/** @type {any} */ event) => setMedia(event.target.value)}>
          ${medias.map((media) => html`<option>${media}</option>`)}</select>`
      : html`<span class="muted">${media}</span>`}</h2>
      <textarea aria-label="Body" spellcheck=${false} rows=${Math.min(24, text.split('\n').length + 1)}
        value=${text} onInput=${(/** @type {any} */ event) => setText(event.target.value)} />`}
    <p class="actions">
      <button class="primary" disabled=${why !== ''}>Send ${operation.method}</button>
      <${CopyButton} label="curl command" text=${() => curl(operation, { server, values: filled, body: text, media, headers })}>Copy as curl<//>
      ${operation.method !== 'GET' && why === '' && html`<span class="muted">This changes data of
        ${' '}${tenant.value || 'the token’s tenant'} at this server.</span>`}
    </p>
    ${why !== '' && html`<${Notice} kind="info">${why}<//>`}
    ${result && html`<${Result} answer=${result} onStop=${() => stop.current?.abort()} />`}
  </form>`;
}

/**
 * @typedef {{key: string, name: string, place: string, required: boolean, about: string,
 *   schema: any, fallback: string}} FieldOf
 * @param {{field: FieldOf, value: string, onChange: (value: string) => void, document: any}} props
 */
function Field({ field, value, onChange, document }) {
  const choices = field.schema?.enum ?? (field.schema?.type === 'boolean' ? ['true', 'false'] : null);
  const id = `field-${field.key.replace(/\W+/g, '-')}`;
  const given = (/** @type {any} */ event) => onChange(event.target.value);
  return html`<div class="docs-field">
    <label class="inline" for=${id}><code>${field.name}</code></label>
    <div>
      ${choices
        ? html`<select id=${id} value=${value} onChange=${given}>
            <option value="">not given</option>
            ${choices.map((/** @type {string} */ choice) => html`<option>${choice}</option>`)}
          </select>`
        : html`<input id=${id} value=${value} onInput=${given} autocomplete="off"
            spellcheck=${false} required=${field.required} />`}
      <small>${field.about}</small>
      <small>${field.place}${field.required ? ', required' : ''}: ${typeOf(field.schema, document)}
        ${field.schema?.type === 'array' ? ', separated by commas' : ''}</small>
    </div>
  </div>`;
}

/**
 * Return the fields of the base's variables, of the parameters, and of the header of the tenant.
 *
 * @param {import('./docs.js').Operation} operation
 * @param {string} server
 * @returns {FieldOf[]}
 */
function fieldsOf(operation, server) {
  const variables = operation.servers.find(({ url }) => url === server)?.variables ?? {};
  const ofBase = Object.entries(variables).map(([name, variable]) => ({
    key: `path ${name}`,
    name,
    place: 'base path',
    required: true,
    about: variable.description ?? 'The tenant',
    schema: { type: 'string' },
    fallback: tenant.value || variable.default,
  }));
  const parameters = operation.parameters.map((parameter) => ({
    key: `${parameter.in} ${parameter.name}`,
    name: parameter.name,
    place: parameter.in,
    required: parameter.required ?? false,
    about: parameter.description ?? '',
    schema: parameter.schema,
    fallback: '',
  }));
  return [...ofBase, ...parameters];
}

/** @param {FieldOf[]} fields */
function defaultsOf(fields) {
  return Object.fromEntries(fields.map(({ key, fallback }) => [key, fallback]));
}

/**
 * @param {any} body
 * @param {string | undefined} media
 * @param {any} document
 */
function exampleOf(body, media, document) {
  const content = media === undefined ? undefined : body.content[media];
  if (content === undefined || !body.required) return '';
  const example = content.example ?? Object.values(content.examples ?? {})[0]?.value;
  return JSON.stringify(example ?? sampleOf(content.schema ?? {}, document), null, 2);
}

/**
 * @param {import('./docs.js').Operation} operation
 * @param {Parameters<typeof requestOf>[1]} form
 */
function curl(operation, form) {
  try {
    return curlOf(requestOf(operation, form));
  } catch {
    return `# ${operation.method} ${operation.path} needs the parameters of its path`;
  }
}

/** The token or API key; empty while there is none. */
const token = signal('');

/**
 * Return the headers that identify the sender, and the reason why there are none.
 *
 * @param {import('./docs.js').Operation} operation
 * @returns {{headers: Record<string, string>, why: string}}
 */
function credentialsFor(operation) {
  if (operation.scope === null) return { headers: {}, why: '' };
  if (token.value !== '') return { headers: { Authorization: `Bearer ${token.value}` }, why: '' };
  if (session.value === null) {
    return { headers: {}, why: 'Sign in at /ui, or give a token, to send this operation.' };
  }
  if (operation.api.name !== 'baton') {
    const why = 'A session counts on Baton’s own paths alone: give a token for this API.';
    return { headers: {}, why };
  }
  return { headers: { 'X-Baton-UI': half.value, 'X-Tenant': tenant.value }, why: '' };
}

/** Shows who sends, and takes a token. */
function Credentials() {
  const who = session.value
    ? `the session of ${session.value.subject} (${tenant.value})`
    : 'no session';
  return html`<div class="credentials">
    <label>Token or API key
      <input type="password" autocomplete="off" spellcheck=${false} value=${token.value}
        onInput=${(/** @type {any} */ event) => (token.value = event.target.value.trim())} /></label>
    <span class="muted">${token.value === ''
      ? html`Without one: ${who}. ${!session.value && html`<a href="/ui/">Sign in</a>`}`
      : 'It stays in the memory of this page until the page is closed.'}</span>
  </div>`;
}
