"""`baton traces`: exports the spans of recorded runs."""
