/** The page that opens a session: with a one-time code, a token, an API key, or a password. */
import { html, useState } from '../vendor/preact.js';
import { sessionNotice, signInWith } from '../core/session.js';
import { Notice } from '../components/notice.js';
import { Tabs } from '../components/panes.js';

/** @typedef {{name: string, label: string, type?: string, autocomplete: string}} Input */

/** @type {Record<string, {label: string, hint: string, inputs: Input[]}>} */
const WAYS = {
  code: {
    label: 'Code',
    hint: 'Run “baton ui” on a machine that has a token. It prints an address with a code, which works once, for 10 minutes.',
    inputs: [{ name: 'code', label: 'Code or address', autocomplete: 'one-time-code' }],
  },
  token: {
    label: 'Token',
    hint: 'A bearer token, such as “baton token” makes. This page exchanges it for a session and doesn’t keep it.',
    inputs: [{ name: 'token', label: 'Token', type: 'password', autocomplete: 'off' }],
  },
  apiKey: {
    label: 'API key',
    hint: 'A key of a tenant. This page exchanges it for a session and doesn’t keep it.',
    inputs: [{ name: 'apiKey', label: 'API key', type: 'password', autocomplete: 'off' }],
  },
  password: {
    label: 'Password',
    hint: 'The name and the password of a user of this server.',
    inputs: [
      { name: 'name', label: 'Name', autocomplete: 'username' },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
    ],
  },
};

/** The whole page while there is no session. */
export function SignIn() {
  const [way, setWay] = useState('code');
  const [busy, setBusy] = useState(false);
  const onSubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    setBusy(true);
    await submit(/** @type {any} */ (Object.fromEntries(new FormData(form))));
    setBusy(false);
    form.reset?.();
  };
  const tabs = Object.entries(WAYS).map(([id, { label }]) => ({ id, label }));
  const { hint, inputs } = WAYS[way];
  return html`<main class="sign-in">
    <h1>Sign in to Baton</h1>
    ${sessionNotice.value && html`<${Notice} kind="warning">${sessionNotice}<//>`}
    <${Tabs} tabs=${tabs} current=${way} onPick=${setWay} label="Ways to sign in" />
    <form onSubmit=${onSubmit} key=${way}>
      ${inputs.map(({ name, label, type = 'text', autocomplete }) => html`<label key=${name}>${label}
        <input name=${name} type=${type} autocomplete=${autocomplete} required spellcheck="false" />
      </label>`)}
      <p class="muted">${hint}</p>
      <button type="submit" class="primary" disabled=${busy}>Sign in</button>
    </form>
  </main>`;
}

/** @param {any} credentials */
async function submit(credentials) {
  const { code } = credentials;
  if (code !== undefined) credentials.code = code.trim().replace(/^.*#code=/, '');
  try {
    await signInWith(credentials);
  } catch (error) {
    sessionNotice.value = /** @type {Error} */ (error).message;
  }
}
