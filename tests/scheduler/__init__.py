"""Tests of the scheduler, on a manual clock."""
