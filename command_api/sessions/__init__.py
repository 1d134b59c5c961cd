"""Sessions of the UI, independent of HTTP: sealed credentials, and codes that open one session."""
