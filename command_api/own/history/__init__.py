"""The recorded events themselves: of a run, of any stream, and of the tenant's whole log."""
