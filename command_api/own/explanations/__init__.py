"""Explanations: why a run doesn't continue, and why a record event started its runs."""
