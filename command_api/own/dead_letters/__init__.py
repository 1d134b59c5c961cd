"""Messages that could not be processed, and sending them again."""
