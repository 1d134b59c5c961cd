"""Reading as of an earlier position: everything that the events up to there had led to."""
