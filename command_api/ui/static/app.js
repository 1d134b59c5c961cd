/** Starts the UI. */

const app = document.getElementById('app');
if (app) app.textContent = 'Baton';
