/** Files for the reader's machine. */

/**
 * Save a text or bytes as a file.
 *
 * @param {BlobPart} content
 * @param {string} name
 * @param {string} [type]
 */
export function download(content, name, type = 'application/json') {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name.replace(/[^\w.-]+/g, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
