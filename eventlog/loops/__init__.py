"""The loops over the log: append, follow, relay, and leader election."""
