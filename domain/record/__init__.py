"""A record event from outside, and the triggers that matched it."""
