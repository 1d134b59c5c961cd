"""One module per technology, by which the conformance suites open it.

A module exports some of these; the suites run over every module that does.

- `settings(folder)` returns the settings of a process that uses the technology.
- `open_stores(folder)` opens the stores of a backend.
- `open_archive(folder, read_only=…)` opens the archive of a backend.
- `attach(stores, folder)` attaches a transport to stores; `require()` skips the test if the
  transport's server can't be had.
- `open_topics(folder)` opens stores that carry messages.
- `open_partitioned_log(folder)` is an asynchronous context manager that yields a partitioned log
  under test (tests/conformance/partitioned_logs.py).

The same folder stands for the same data.
"""
