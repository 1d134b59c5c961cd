/** Places in JSON values, written as in JavaScript: `steps[0].name`. */

/**
 * Return the path of a member.
 *
 * @param {string} path The path of what holds it; empty for the whole value.
 * @param {string | number} key
 */
export function memberPath(path, key) {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/**
 * Return the members of an object or a list, none for any other value.
 *
 * @param {any} value
 * @returns {[string | number, any][]}
 */
export function members(value) {
  if (Array.isArray(value)) return value.map((one, index) => [index, one]);
  return isHolder(value) ? Object.entries(value) : [];
}

/**
 * Return whether a value is an object or a list.
 *
 * @param {any} value
 */
export function isHolder(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * Return the members, however deep, whose key or plain value contains a text.
 *
 * @param {any} value
 * @param {string} text Compared without regard to case.
 * @param {number} most
 * @returns {{path: string, value: any}[]}
 */
export function findMembers(value, text, most) {
  const wanted = text.toLowerCase();
  /** @type {{path: string, value: any}[]} */
  const found = [];
  /** @type {{path: string, value: any}[]} */
  const open = [{ path: '', value }];
  while (open.length > 0 && found.length < most) {
    const at = /** @type {{path: string, value: any}} */ (open.pop());
    const inner = members(at.value).map(([key, one]) => ({ key, path: memberPath(at.path, key), value: one }));
    for (const { key, path, value: one } of inner) {
      const holds = !isHolder(one) && String(one).toLowerCase().includes(wanted);
      if (holds || String(key).toLowerCase().includes(wanted)) found.push({ path, value: one });
    }
    open.push(...inner.filter((one) => isHolder(one.value)).reverse());
  }
  return found.slice(0, most);
}
