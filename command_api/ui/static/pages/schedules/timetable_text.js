/** The timetables of a schedule in words. */
import { timetableText, triggersOf } from '../definitions/trigger_text.js';

/**
 * Return one timetable or several in a few words.
 *
 * @param {Record<string, any> | Record<string, any>[]} timetable
 */
export function timetablesText(timetable) {
  return triggersOf(timetable).map(timetableText).join(', ');
}
