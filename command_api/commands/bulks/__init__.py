"""Commands about bulks, and the choice of their runs."""
