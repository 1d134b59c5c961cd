"""Tests that run the pages of the documentation and check that they are complete."""
