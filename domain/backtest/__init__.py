"""Backtests: recorded runs, decided again with a changed definition.

No function is called: the outcome of each step comes from the recording of its run.
"""
