"""The event log, independent of any technology: ports, event envelope and codec, loops."""
