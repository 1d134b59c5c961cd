"""Reading as of an earlier position."""
