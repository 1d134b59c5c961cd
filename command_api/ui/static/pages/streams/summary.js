/** An event's data in one line. */

const LONGEST = 160;
/** Members that stand in other columns, or say little. */
const LEFT_OUT = new Set(['at', 'tenant', 'actor', 'origin']);

/**
 * Return the members of an event's data as one short line.
 *
 * @param {any} data
 */
export function summaryOf(data) {
  let line = '';
  for (const [name, value] of Object.entries(Object(data))) {
    if (LEFT_OUT.has(name) || value === null) continue;
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    line += `${line && '  '}${name}=${text.slice(0, LONGEST)}`;
    if (line.length > LONGEST) return `${line.slice(0, LONGEST)}…`;
  }
  return line;
}
