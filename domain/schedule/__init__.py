"""A schedule and its timetable: intervals, cron expressions, single instants, time zones."""
