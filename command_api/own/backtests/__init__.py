"""Backtests: a changed definition, tried on the recorded runs of the one it changes."""
