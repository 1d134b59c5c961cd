/** The request of an operation: its address and its lines for a shell, its sending, and what came back. */
import { html } from '../vendor/preact.js';
import { CopyButton, quoted } from '../components/copy.js';
import { Notice } from '../components/notice.js';

/**
 * @typedef {{method: string, url: string, headers: Record<string, string>, body?: string}} Request
 */

/**
 * Return the request; throws an Error that names a path parameter without a value.
 *
 * @param {import('./docs.js').Operation} operation
 * @param {{server: string, values: Record<string, string>, body: string, media: string,
 *   headers: Record<string, string>}} form `values` are those of parameters by place and name.
 * @returns {Request}
 */
export function requestOf(operation, { server, values, body, media, headers }) {
  const path = (server.replace(/\/$/, '') + operation.path).replace(/\{([^}]+)\}/g, (_, name) => {
    const value = values[`path ${name}`] ?? '';
    if (value === '') throw new Error(`Give a value for ${name}: it is a part of the path.`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  const sent = { ...headers };
  for (const { name, in: place, schema } of operation.parameters) {
    const value = values[`${place} ${name}`] ?? '';
    if (value === '') continue;
    if (place === 'header') sent[name] = value;
    if (place === 'query') partsOf(value, schema).forEach((part) => query.append(name, part));
  }
  if (body !== '') sent['Content-Type'] = media;
  const search = query.toString();
  return {
    method: operation.method,
    url: path + (search && `?${search}`),
    headers: sent,
    ...(body !== '' && { body }),
  };
}

/**
 * Return a command that sends the same; it names a variable instead of the token.
 *
 * @param {Request} request
 */
export function curlOf({ method, url, headers, body }) {
  const { 'X-Baton-UI': half, ...named } = headers;
  if (half !== undefined || named.Authorization !== undefined) named.Authorization = 'Bearer $BATON_TOKEN';
  const parts = [`curl -s -X ${method} ${quoted(location.origin + url)}`];
  for (const [name, value] of Object.entries(named)) {
    parts.push(name === 'Authorization' ? `-H "${name}: ${value}"` : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body !== undefined) parts.push(`-d ${quoted(body)}`);
  return parts.join(' \\\n  ');
}

/**
 * @param {string} value
 * @param {any} schema
 */
function partsOf(value, schema) {
  return schema?.type === 'array' ? value.split(',').map((item) => item.trim()) : [value];
}

/**
 * @typedef {{failure?: string, status?: number, reason?: string, ms?: number, headers?: [string, string][],
 *   text?: string, cut?: boolean, going?: boolean}} Answer
 */

const MAX_SHOWN = 200_000;

/**
 * Send a request; `show` is called with the answer whenever more of it has arrived.
 *
 * @param {Request} request
 * @param {AbortController} stop
 * @param {(answer: Answer) => void} show
 */
export async function sendTo({ url, ...options }, stop, show) {
  const began = performance.now();
  /** @type {Answer} */
  let answer = { going: true };
  show(answer);
  try {
    const response = await fetch(url, { ...options, signal: stop.signal, redirect: 'manual' });
    answer = {
      going: true,
      status: response.status,
      reason: response.statusText,
      ms: Math.round(performance.now() - began),
      headers: [...response.headers],
      text: '',
    };
    await read(response, (text) => show((answer = { ...answer, text })));
  } catch (error) {
    if (!stop.signal.aborted) answer = { failure: `The server didn’t answer: ${/** @type {Error} */ (error).message}.` };
  }
  show({ ...answer, going: false });
}

/**
 * @param {Response} response
 * @param {(text: string) => void} show Called with all of the text so far.
 */
async function read(response, show) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: '' };
    if (done) return;
    text = (text + value).slice(0, MAX_SHOWN);
    show(text);
  }
}

/** @param {{answer: Answer, onStop: () => void}} props */
export function Result({ answer, onStop }) {
  if (answer.failure) return html`<${Notice} kind="error">${answer.failure}<//>`;
  if (answer.status === undefined) {
    return html`<p role="status">Waiting for the response… <button type="button" onClick=${onStop}>Stop</button></p>`;
  }
  const text = pretty(answer.text ?? '');
  const tone = answer.status < 400 ? 'tone-good' : 'tone-bad';
  return html`<section aria-label="Response">
    <h2 role="status"><span class=${tone}>${answer.status} ${answer.reason}</span>
      <span class="muted"> after ${answer.ms} ms</span>
      ${answer.going && html` <button type="button" onClick=${onStop}>Stop</button>`}
      ${text && html` <${CopyButton} label="response" text=${text} />`}</h2>
    ${text && html`<pre class="docs-result" tabindex="0">${text}</pre>`}
    ${(answer.text ?? '').length >= MAX_SHOWN && html`<p class="muted">The first ${MAX_SHOWN}
      characters are shown.</p>`}
    <details><summary>Headers</summary>
      <pre tabindex="0">${(answer.headers ?? []).map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>
    </details>
  </section>`;
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
