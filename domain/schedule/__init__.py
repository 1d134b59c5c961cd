"""When schedules fire: timetables, cron expressions and the time zones they are read in."""
