"""The process that writes to a SQLite file, and the changes that share its commits."""
