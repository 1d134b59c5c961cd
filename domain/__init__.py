"""The rules of Baton as pure functions: no I/O, no clock, no random numbers, no async."""
