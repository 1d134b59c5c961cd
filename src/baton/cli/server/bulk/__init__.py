"""`baton bulk …`: one action on many runs, with an outcome for each."""
