"""A verification of the log, which an administrator requested."""
