"""Proofs that a log contains events: their documents, and their creation."""
