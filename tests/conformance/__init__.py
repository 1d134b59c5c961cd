"""The contract of each port, tested on every backend that discovery finds."""
