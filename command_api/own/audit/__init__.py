"""Evidence about stored events: signed heads of the tree over them, and proofs of runs.

A head covers the events of every tenant, and shows none of them. `docs/audit.md` says how to check
a proof without Baton.
"""
