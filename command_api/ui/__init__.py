"""The web UI: its pages and files, and the sessions of its users."""
