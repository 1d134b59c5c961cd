"""Backtests over a store: the log is read twice, in order, and nothing is appended.

The first pass chooses the runs. The second pass collects the events of each chosen run and replays
it (`baton.domain.backtest`). Memory holds only the events of runs that have begun before the
current position and end after it.
"""
