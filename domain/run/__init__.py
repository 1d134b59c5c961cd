"""A run: its commands, events and state, and the rules by which its steps follow each other."""
