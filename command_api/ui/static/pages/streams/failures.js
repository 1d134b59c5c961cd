/** The types of events that report a failure. */

/** The types, with their aggregates. */
export const FAILURES = [
  'run.RunFailed', 'run.StepFailed', 'run.StepTimedOut', 'run.StepUndecided', 'schedule.ScheduleMissed',
  'delivery.DeliveryFailed', 'delivery.DeliveryDied', 'webhook.WebhookDisabled', 'access.AccessRefused',
  'verification.VerificationFailed',
];

/**
 * Return whether events of a type report a failure; such events are never folded away.
 *
 * @param {string} type Such as "run.StepFailed".
 */
export function isFailure(type) {
  return FAILURES.includes(type);
}
