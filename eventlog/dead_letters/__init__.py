"""Messages that could not be processed: rejected, read again, and sent again."""
