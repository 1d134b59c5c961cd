"""Lists by opaque page tokens, and whole lists as NDJSON."""
