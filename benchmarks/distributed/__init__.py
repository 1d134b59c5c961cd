"""Compares Baton on PostgreSQL and Kafka with DBOS on the same PostgreSQL, in one run.

Every service is a process, as in production; so are both servers and the driver of the load. All of
them share the processors of one machine. docs/benchmarks.md explains the figures.
"""
