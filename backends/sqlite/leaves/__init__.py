"""The leaves of the stored events: derived in a process of their own, and kept in blocks."""
