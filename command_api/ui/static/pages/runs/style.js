/** The style of the overview, the lists of runs and bulks: a module that imports it has it loaded. */

const link = document.createElement('link');
link.rel = 'stylesheet';
link.href = new URL('../../style/lists.css', import.meta.url).href;
const loaded = new Promise((resolve) => {
  link.onload = link.onerror = resolve;
});
document.head.append(link);
await loaded;
