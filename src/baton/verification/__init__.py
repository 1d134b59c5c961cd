"""Verifications of a store in separate processes, because they use a whole core."""
