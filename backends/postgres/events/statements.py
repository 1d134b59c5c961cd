"""The SELECTs of events, on the eventsourcing library's table."""

from baton.backends.sql.event_statements import EventStatements

EVENTS = EventStatements(table="public.stored_events", position="notification_id", parameter="$")
