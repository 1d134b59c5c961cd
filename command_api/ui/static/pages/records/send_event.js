/** The dialog that sends a record event, to try what it starts. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { CopyButton, curlLine } from '../../components/copy.js';
import { JsonText, newKey, parseJson } from '../../components/json_text.js';
import { Failure, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';

const TYPES = ['record.created', 'record.updated', 'record.deleted', 'record.restored'];
const FIELDS = /** @type {const} */ ([
  ['type', 'Type'], ['structure', 'Structure'], ['recordId', 'Record id'],
]);
const EXAMPLE = { type: TYPES[0], structure: 'orders', recordId: 'rec_1', data: '{}' };

/** @param {{open: boolean, onClose: () => void, onSent: () => void}} props */
export function SendEvent({ open, onClose, onSent }) {
  const [fields, setFields] = useState(EXAMPLE);
  const { id, sent, error, busy, sendEvent } = useSend(onSent);
  const { value = null, error: fault } = parseJson(fields.data);
  const body = cloudEvent(id, fields, value);
  const missing = fields.type === '' || fields.structure === '';
  const set = (/** @type {string} */ name) => (/** @type {any} */ { target }) => (
    setFields({ ...fields, [name]: target.value }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (fault === undefined && !missing) sendEvent(body);
  };
  return html`<${Dialog} title="Send a record event" open=${open} onClose=${onClose}>
    <form onSubmit=${submit}>
      <datalist id="event-types">${TYPES.map((type) => html`<option value=${type}></option>`)}</datalist>
      <p class="muted">Events of types that don’t begin with “record” need no record id.</p>
      ${FIELDS.map(([name, label]) => html`<label key=${name}>${label}
        <input type="text" list=${name === 'type' ? 'event-types' : undefined} value=${fields[name]}
          onInput=${set(name)} /></label>`)}
      <${JsonText} label="Data (JSON)" value=${fields.data}
        onInput=${(/** @type {string} */ data) => setFields({ ...fields, data })} />
      ${error && html`<${Failure} error=${error} />`}
      ${sent && html`<${Sent} counts=${sent} />`}
      <${DialogButtons} onClose=${onClose}>
        <${CopyButton} text=${() => curlLine('POST', '/events', body)} label="curl line">curl<//>
        <button type="submit" class="primary" disabled=${busy || missing || fault !== undefined}
          title=${missing ? 'Name a type and a structure.' : ''}>Send</button>
      <//>
    </form>
  <//>`;
}

/** @param {{counts: {matched: number}}} props */
function Sent({ counts }) {
  const { matched } = counts;
  return html`<${Notice} kind=${matched === 0 ? 'warning' : 'info'} title="The event was recorded.">
    ${matched === 0 ? 'No definition waits for it. Open the event in the list to see why.'
      : `${matched} ${matched === 1 ? 'definition waits' : 'definitions wait'} for it.`}
  <//>`;
}

/**
 * The request that sends an event. The event keeps its id until it was recorded, so that a lost
 * answer and a second try make one event.
 *
 * @param {() => void} onSent
 */
function useSend(onSent) {
  const [id, setId] = useState(newKey);
  const [state, setState] = useState(/** @type {{busy: boolean, sent?: any, error?: any}} */ ({ busy: false }));
  const sendEvent = async (/** @type {object} */ body) => {
    setState({ busy: true });
    try {
      const { data } = await send('POST', '/events', body);
      setState({ busy: false, sent: data });
      setId(newKey());
      onSent();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return { ...state, id, sendEvent };
}

/**
 * @param {string} id
 * @param {{type: string, structure: string, recordId: string}} fields
 * @param {any} data
 */
function cloudEvent(id, { type, structure, recordId }, data) {
  const subject = recordId === '' ? structure : `${structure}/${recordId}`;
  return { specversion: '1.0', id, source: 'baton:ui', type, subject, data };
}
