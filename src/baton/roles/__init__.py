"""The roles of an installation. Each module builds one; `baton.wiring` runs them in a process."""
