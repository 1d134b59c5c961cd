"""The runs topic: stored events as messages, and the partitioned log read from it."""
