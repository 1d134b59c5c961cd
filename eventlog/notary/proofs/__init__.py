"""Proofs that events stand in a log: their documents, and how they are made."""
