"""Backtests: a changed definition, tried on recorded runs of the unchanged one."""
