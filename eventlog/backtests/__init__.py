"""Backtests over a store: the log is read twice, in order, and nothing is appended.

The first pass chooses the runs, the second one collects the events of each and replays it
(`baton.domain.backtest`). Memory holds the events of the runs that are under way between the
positions read, not those of all.
"""
