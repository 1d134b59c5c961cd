"""Tests of the executor, its functions and its remote workers."""
