"""Consumers that restart after failures, group membership, offsets and corrupt records."""
