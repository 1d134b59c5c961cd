"""Backtests: replay recorded runs with a changed definition.

No function is called: the outcomes of steps are taken from the recording of the run.
"""
