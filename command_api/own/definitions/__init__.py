"""Definitions in the core's words, whichever dialect created them."""
