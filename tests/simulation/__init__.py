"""All roles in one process on virtual time, crashed and disturbed by a seed, against a model."""
