/** One recorded event beside a list: its place, what it names, and its data. */
import { html } from '../../vendor/preact.js';
import { Time } from '../../core/time.js';
import { CopyButton } from '../../components/copy.js';
import { JsonTree } from '../../components/json_tree.js';
import { Notice } from '../../components/notice.js';
import { Fields, formatCount } from '../../components/values.js';
import { Ref, streamHref, thingsIn } from './links.js';

/**
 * @param {{event: any, about: import('./links.js').Thing, inStream?: boolean, more?: [string, any][]}} props
 *   `about` is the thing whose stream holds the event; `inStream` leaves out the links to it. `more`
 *   are further fields.
 */
export function EventDetails({ event, about, inStream = false, more = [] }) {
  const things = thingsIn(event.data, about);
  const stream = streamHref(about.kind, about.id, event.version);
  return html`
    <${Fields} rows=${[
      ['Type', html`<code>${event.type}</code>`],
      ['Time', html`<${Time} at=${event.at} milliseconds />`],
      ['Position', html`${event.position} <${CopyButton} text=${String(event.position)} label="position" />`],
      ['Version', String(event.version)],
      !inStream && [about.kind, html`<${Ref} ...${about} />`],
      !inStream && stream !== null && ['Stream', html`<a href=${stream}>All events of this ${about.kind}</a>`],
      ...things.map((one) => [one.kind, html`<${Ref} ...${one} />`]),
      ...more,
    ]} />
    ${event.truncated && html`<${Notice} kind="info">
      Values over 4 KiB are left out of the ${formatCount(event.truncated)} bytes of this event.
      The page of the ${about.kind} shows them in full.
    <//>`}
    <${JsonTree} value=${event.data} label="Data of the event" />`;
}
