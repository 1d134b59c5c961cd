"""Backtests: the decisions of a changed definition, made again over recorded runs.

No function is called: the outcome of each step comes from the recording of its run.
"""
