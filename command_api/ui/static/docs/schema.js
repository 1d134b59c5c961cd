/** JSON Schemas of the documents: their types in words, and samples of their values. */
import { resolved } from './documents.js';

const DEEP = 6;
const PLAIN = /** @type {Record<string, any>} */ ({
  string: 'text', integer: 1, number: 1, boolean: true, null: null,
});

/**
 * Return the type of a schema in a few words, such as "array of string".
 *
 * @param {any} schema
 * @param {any} document
 * @returns {string}
 */
export function typeOf(schema, document) {
  const found = resolved(schema, document);
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((/** @type {any} */ one) => JSON.stringify(one)).join(' | ');
  const choices = found.anyOf ?? found.oneOf;
  if (choices) {
    const names = choices.map((/** @type {any} */ one) => typeOf(one, document));
    return [...new Set(names)].join(' | ');
  }
  if (found.type === 'array') return `array of ${typeOf(found.items ?? {}, document)}`;
  const name = schema?.$ref?.split('/').at(-1);
  if (Array.isArray(found.type)) return found.type.join(' | ');
  return name && found.type === 'object' ? name : (found.format ?? found.type ?? 'any JSON');
}

/**
 * Return the members of an object, or of the objects in an array; none for other values.
 *
 * @param {any} schema
 * @param {any} document
 * @returns {{name: string, schema: any, required: boolean}[]}
 */
export function membersOf(schema, document) {
  const found = resolved(schema, document);
  if (found.type === 'array') return membersOf(found.items, document);
  const choices = found.anyOf ?? found.oneOf ?? found.allOf;
  if (choices && !found.properties) {
    return choices.flatMap((/** @type {any} */ one) => membersOf(one, document));
  }
  const required = new Set(found.required ?? []);
  return Object.entries(found.properties ?? {}).map(([name, member]) => ({
    name,
    schema: member,
    required: required.has(name),
  }));
}

/**
 * Return a value that a schema describes, with its required members alone.
 *
 * @param {any} schema
 * @param {any} document
 * @returns {any}
 */
export function sampleOf(schema, document, depth = 0) {
  const found = resolved(schema, document);
  const known = found.example ?? found.examples?.[0] ?? found.default ?? found.const;
  if (known !== undefined) return known;
  if (found.enum) return found.enum[0];
  const choices = found.anyOf ?? found.oneOf ?? found.allOf;
  if (choices) return sampleOf(choices[0], document, depth + 1);
  if (found.type === 'array') return depth > DEEP ? [] : [sampleOf(found.items, document, depth + 1)];
  if (found.type === 'object' || found.properties) return objectOf(found, document, depth);
  return found.type in PLAIN ? PLAIN[found.type] : {};
}

/**
 * @param {any} found
 * @param {any} document
 * @param {number} depth
 */
function objectOf(found, document, depth) {
  if (depth > DEEP) return {};
  const required = (found.required ?? []).filter((/** @type {string} */ name) => found.properties?.[name]);
  return Object.fromEntries(
    required.map((/** @type {string} */ name) => [
      name,
      sampleOf(found.properties[name], document, depth + 1),
    ]),
  );
}
