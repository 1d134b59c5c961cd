"""The leaves of the stored events: derived in a separate process, and kept in blocks."""
