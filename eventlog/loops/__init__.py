"""The loops over the log: load, decide and append, commit, follow, relay, retry, and lead."""
