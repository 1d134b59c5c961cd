/** The dialog that starts a run of a definition by hand. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { navigate } from '../../core/router.js';
import { cliLine, CopyButton, curlLine } from '../../components/copy.js';
import { JsonText, newKey, parseJson } from '../../components/json_text.js';
import { Failure } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';

/**
 * @param {{definition: any, version: number, open: boolean, onClose: () => void}} props
 */
export function StartRun({ definition, version, open, onClose }) {
  const [input, setInput] = useState('{}');
  const [correlationId, setCorrelationId] = useState('');
  const { starting, error, start } = useStart();
  const { value = {}, error: fault } = parseJson(input);
  const body = {
    definition: definition.slug,
    input: value,
    ...(version === definition.version ? {} : { version }),
    ...(correlationId === '' ? {} : { correlationId }),
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (fault === undefined) start(body);
  };
  return html`<${Dialog} title="Start a run of ${definition.slug}" open=${open} onClose=${onClose}>
    <form onSubmit=${submit}>
      <p class="muted">The run starts in version ${version}.</p>
      <${JsonText} label="Input (JSON)" value=${input} onInput=${setInput} />
      <label>Correlation id (optional)
        <input type="text" maxlength="200" value=${correlationId}
          onInput=${(/** @type {any} */ { target }) => setCorrelationId(target.value)} /></label>
      ${error && html`<${Failure} error=${error} />`}
      <${DialogButtons} onClose=${onClose}>
        ${fault === undefined && html`
          <${CopyButton} text=${() => curlLine('POST', '/runs', body)} label="curl line">curl<//>
          ${body.version === undefined && html`<${CopyButton} text=${() => startLine(body)}
            label="command line">CLI<//>`}`}
        <button type="submit" class="primary" disabled=${starting || fault !== undefined}
          title=${fault === undefined ? '' : 'The input isn’t valid JSON.'}>Start the run</button>
      <//>
    </form>
  <//>`;
}

/** The request that starts a run; a repeated click or a lost answer starts no second one. */
function useStart() {
  const [key, setKey] = useState(newKey);
  const [state, setState] = useState(/** @type {{starting: boolean, error?: any}} */ ({ starting: false }));
  const start = async (/** @type {object} */ body) => {
    setState({ starting: true });
    try {
      const { data } = await send('POST', '/runs', body, { key });
      navigate(`/runs/${data.id}`);
    } catch (error) {
      const { status = 0 } = /** @type {any} */ (error);
      if (status !== 0) setKey(newKey()); // the request was refused: a changed one is another
      setState({ starting: false, error });
    }
  };
  return { ...state, start };
}

/** @param {{definition: string, input: any, correlationId?: string}} body */
function startLine({ definition, input, correlationId }) {
  const options = correlationId === undefined ? [] : ['--correlation-id', correlationId];
  return cliLine('runs', 'start', definition, '--input', JSON.stringify(input), ...options);
}
