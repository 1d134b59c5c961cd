"""Explanations: why a run is where it is, and why a record event started what it started."""
