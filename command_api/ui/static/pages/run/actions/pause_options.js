/** The options of pausing and of resuming, the same for one run and for many. */

/** @type {[string, string][]} What becomes of attempts that are running when a run is paused. */
export const INFLIGHT = [['finish', 'go on to their end'], ['cancel', 'are cancelled, and start again after the pause']];

/** @type {[string, string][]} What becomes of delays and backoffs when a run is resumed. */
export const TIMERS = [
  ['fire', 'end at the time that they had'], ['shift', 'end later, by the time of the pause'], ['skip', 'end at once'],
];
