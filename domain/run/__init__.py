"""A run: its events, what a command to it leads to, and the rules in between."""
