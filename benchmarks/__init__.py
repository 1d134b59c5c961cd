"""Compares Baton with DBOS Transact on SQLite, in one run on one machine: `make bench`.

Each subject runs in its own process and its own temporary folder, under the same kind of load: a
fixed number of runs in flight until the time is over; then every started run is completed. A rate
is all work divided by all time. docs/benchmarks.md explains the figures.
"""
