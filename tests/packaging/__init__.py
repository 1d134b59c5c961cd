"""Tests of the distribution, installed beside a user's own packages and modules."""
