"""The next tick of a separate schedule, which also depends on its definition."""

from baton.domain.definition.state import State as Definition
from baton.domain.schedule.timetable import next_fire
from baton.projector.views.schedules.view import Document as Schedule


def next_tick_at(schedule: Schedule, definition: Definition | None, *, now: int) -> int | None:
    """Return the next instant after `now` at which the schedule starts a run.

    None while its definition is a draft or paused, after the definition's deletion, and after the
    last instant of its timetable. A tick that is due and not recorded yet isn't shown: the
    scheduler fires it at once, or records why it doesn't. Times are ms since the epoch, UTC.
    """
    after = None if definition is None else definition.ticks_after(schedule.created_at)
    if after is None:
        return None
    last = after if schedule.last_nominal is None else schedule.last_nominal
    return next_fire(schedule.timetable, after=max(after, last, now), anchor=after)
