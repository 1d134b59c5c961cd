"""Tests of the domain: decisions, folds and timetables."""
