"""The process that writes to a SQLite file, and statements that share its commits."""
