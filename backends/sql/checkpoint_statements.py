"""Checkpoints in the eventsourcing library's table of tracking records."""

LOAD = "SELECT notification_id FROM {table} WHERE application_name = $1"
SAVE = """
INSERT INTO {table} AS saved (application_name, notification_id) VALUES ($1, $2)
ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id
WHERE saved.notification_id < excluded.notification_id"""
"""Saves a position unless the saved one is greater."""
