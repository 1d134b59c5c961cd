/** Sends a request and shows the response as it arrives; a stream goes on until it is stopped. */
import { html } from '../vendor/preact.js';
import { CopyButton } from '../components/copy.js';
import { Notice } from '../components/notice.js';

/**
 * @typedef {{failure?: string, status?: number, reason?: string, ms?: number, headers?: [string, string][],
 *   text?: string, cut?: boolean, going?: boolean}} Answer
 */

const MAX_SHOWN = 200_000;

/**
 * Send a request; `show` is called with the answer whenever more of it has arrived.
 *
 * @param {import('./request.js').Request} request
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
  const shown = pretty(answer.text ?? '');
  const tone = answer.status < 400 ? 'tone-good' : 'tone-bad';
  return html`<section aria-label="Response">
    <h2 role="status"><span class=${tone}>${answer.status} ${answer.reason}</span>
      <span class="muted"> after ${answer.ms} ms</span>
      ${answer.going && html` <button type="button" onClick=${onStop}>Stop</button>`}
      ${shown && html` <${CopyButton} label="response" text=${shown} />`}</h2>
    ${shown && html`<pre class="docs-result" tabindex="0">${shown}</pre>`}
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
