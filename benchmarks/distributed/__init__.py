"""Measures Baton on PostgreSQL and Kafka beside DBOS on the same PostgreSQL, in one run.

Every service is a process of its own, as in production, and so are both servers and whoever puts
the load on; all of them share the processors of one machine. docs/benchmarks.md tells more.
"""
