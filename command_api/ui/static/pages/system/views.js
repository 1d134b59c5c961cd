/** The sets of views: builds one beside the live one, shows how far it is, and makes it the live one. */
import { html, useState } from '../../vendor/preact.js';
import { send } from '../../core/api.js';
import { useGet } from '../../core/reading.js';
import { readOnly } from '../../core/router.js';
import { formatDuration, Time } from '../../core/time.js';
import { PAST } from '../../components/actions.js';
import { Failure, Loading, Notice } from '../../components/notice.js';
import { Dialog, DialogButtons } from '../../components/panes.js';
import { PlainTable } from '../../components/table.js';
import { formatCount, Status } from '../../components/values.js';

const BUILDING_MS = 700;
const RESTING_MS = 5000;
const MB = 1_000_000;
const HEADS = ['Set', 'State', 'Position', 'Behind', 'Progress', 'Differences', 'Size', 'Made', 'Action'];

/** The sets, and the button that builds one. */
export function Views() {
  const [everyMs, setEveryMs] = useState(RESTING_MS);
  const { data, error, reload } = useGet('/views', {}, { everyMs });
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const [chosen, setChosen] = useState(/** @type {any} */ (null));
  const sets = data?.sets ?? [];
  const building = sets.some((/** @type {any} */ { state }) => state === 'building');
  const wanted = building ? BUILDING_MS : RESTING_MS;
  if (wanted !== everyMs) setEveryMs(wanted);
  const act = async (/** @type {string} */ path, /** @type {object} */ body) => {
    setFailure(null);
    setChosen(null);
    await send('POST', path, body).catch(setFailure);
    reload();
  };
  return html`<section><h2>Sets of views</h2>
    <p class="muted">Queries read the live set. Another one can be built from the events beside it, is compared with
      it, and is promoted: readers switch within a second.</p>
    ${failure && html`<${Failure} error=${failure} />`}
    ${error && html`<${Failure} error=${error} onRetry=${reload} />`}
    ${!data && !error && html`<${Loading} />`}
    ${data && html`<${PlainTable} label="Sets of views" heads=${HEADS}
      rows=${sets.map((/** @type {any} */ one) => row(one, data.head, setChosen))} />`}
    <div class="actions"><button type="button" disabled=${building || readOnly.value}
      title=${building ? 'A set is being built.' : readOnly.value ? PAST : undefined} onClick=${() => act('/views/rebuild', {})}>Build another set</button></div>
    ${chosen && html`<${Promotion} one=${chosen} onClose=${() => setChosen(null)} onPromote=${act} />`}
  </section>`;
}

/**
 * @param {any} one
 * @param {number} head
 * @param {(one: any) => void} onChoose
 */
function row(one, head, onChoose) {
  const promote = ['ready', 'differs', 'previous'].includes(one.state) && !readOnly.value
    && html`<button type="button" onClick=${() => onChoose(one)}>${one.state === 'previous' ? 'Take back…' : 'Promote…'}</button>`;
  return [
    String(one.set), html`<${Status} value=${one.state.replace('_', ' ')} />`, one.position, one.behind,
    one.state === 'building' ? html`<${Building} one=${one} head=${head} />` : '',
    one.differences === undefined ? 'not compared' : differences(one.differences),
    `${(one.bytes / MB).toFixed(1)} MB`, html`<${Time} at=${one.createdAt} />`, promote,
  ];
}

/** @param {number} count A comparison ends after 20. */
function differences(count) {
  return count === 0 ? 'none' : html`<span class="tone-bad">≠ ${count}${count >= 20 && ' or more'}</span>`;
}

/** @param {{one: any, head: number}} props */
function Building({ one: { position, eventsPerSecond, remainingSeconds }, head }) {
  return html`<span class="progress"><progress max=${head} value=${position} aria-label="Progress of the build"></progress>
    ${eventsPerSecond && html`${formatCount(eventsPerSecond)} events/s, ${formatDuration(1000 * (remainingSeconds ?? 0))} left`}</span>`;
}

/** @param {{one: any, onClose: () => void, onPromote: (path: string, body: object) => void}} props */
function Promotion({ one, onClose, onPromote }) {
  const [accepted, setAccepted] = useState(false);
  const differs = one.state === 'differs';
  return html`<${Dialog} title="Make set ${one.set} the live one" open onClose=${onClose}>
    <p>Queries of all tenants read set ${one.set} from then on. The set that is live now is kept up to date, so this can
      be taken back as quickly.</p>
    ${differs && html`<${Notice} kind="warning" title="The set differs from the live one.">If the live set is damaged,
      that is expected: the new one follows from the events. <label><input type="checkbox" checked=${accepted}
      onChange=${() => setAccepted(!accepted)} />Promote it although it differs</label><//>`}
    <${DialogButtons} onClose=${onClose}>
      <button type="button" class="primary" disabled=${differs && !accepted}
        onClick=${() => onPromote(`/views/${one.set}/promote`, { acceptDifference: accepted })}>Promote set ${one.set}</button>
    <//>
  <//>`;
}
