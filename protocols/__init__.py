"""Formats and outgoing HTTP that several roles share: no role, no backend, no dialect."""
