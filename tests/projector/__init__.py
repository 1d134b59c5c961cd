"""The tests of the projector."""
