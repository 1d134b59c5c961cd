"""Tamper evidence: a Merkle tree over all stored events, signed heads, proofs, verification."""
