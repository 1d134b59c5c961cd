"""Event streams in PostgreSQL: appends, reads, and the tail of the log."""
