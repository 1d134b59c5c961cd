"""A definition: what a run walks through, in immutable versions."""
