"""Tests that kill, starve and misuse real processes, and check Baton's guarantees."""
