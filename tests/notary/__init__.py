"""The tree over the stored events: its arithmetic, its writer, its proofs and their checks."""
