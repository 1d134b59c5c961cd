"""The sessions of the web UI."""
