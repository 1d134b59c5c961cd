"""Measures Baton beside DBOS Transact on SQLite, in one run on one machine: `make bench`.

Whatever is measured runs in a process of its own, in a temporary folder of its own, and is driven
the same way: so many runs in flight until the time is over, then all that was begun is finished;
the rate is all work done over all time taken. docs/benchmarks.md tells how to read the figures.
"""
