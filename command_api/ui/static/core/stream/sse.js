/** Reads server-sent events from the body of a response to `fetch`. */

/**
 * One event of a stream. `position` is what it reflects, `id` the position to resume behind, which
 * only the last event of a group has. A comment has the type "comment".
 *
 * @typedef {{type: string, position: number | null, id: number | null, data: any}} Frame
 */

/**
 * Yield the events of a stream until it ends.
 *
 * @param {ReadableStream<BufferSource>} body
 * @returns {AsyncGenerator<Frame>}
 */
export async function* frames(body) {
  const decoder = /** @type {any} */ (new TextDecoderStream());
  const reader = body.pipeThrough(decoder).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (text + value).split('\n\n');
    text = parts.pop() ?? '';
    yield* parts.map(parse);
  }
}

/**
 * @param {string} part
 * @returns {Frame}
 */
function parse(part) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of part.split('\n')) {
    const [, name, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields[name] = value;
  }
  const { id, event = 'message', data } = fields;
  if (data === undefined) return { type: 'comment', position: null, id: null, data: null };
  const members = JSON.parse(data);
  const resume = id === undefined ? null : Number(id);
  return { type: event, position: members.position ?? resume, id: resume, data: members };
}
