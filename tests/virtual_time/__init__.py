"""Tests of virtual time, of the clock up to whole processes."""
