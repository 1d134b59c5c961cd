/** The first steps on an empty server, with lines to copy. */
import { html } from '../../vendor/preact.js';
import { CopyLines } from '../../components/copy.js';

const FILE = `slug: orders
name: Orders
steps:
  - {id: check, function: noop}
  - {id: pause, delay: 10s}
`;

/** @param {{definitions: number}} props */
export function FirstSteps({ definitions }) {
  const start = `curl -s ${location.origin}/runs -H "Authorization: Bearer $(cat .baton/token)" -H "Content-Type: application/json" -d '{"definition": "orders", "input": {"n": 1}}'`;
  return html`<section class="first-steps">
    <h2>First steps</h2>
    <ol>
      ${definitions === 0 && html`<li>Write a definition into a file, <code>orders.yaml</code>: <${CopyLines} text=${FILE} label="definition" /></li>
      <li>Publish it, in the folder in which <code>baton dev</code> runs: <${CopyLines} text="baton definitions apply orders.yaml" label="command" /></li>`}
      <li>Start a run${definitions > 0 && ' (with the slug of one of your definitions)'}: <${CopyLines} text=${start} label="curl line" /></li>
    </ol>
  </section>`;
}
