"""Baton, the workflow orchestrator: SDK, command line, settings and wiring."""
