"""The lines that the functions of a run have logged."""
