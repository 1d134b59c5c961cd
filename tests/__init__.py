"""The tests of Baton."""
