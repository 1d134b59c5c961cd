"""`baton audit …`: checks that stored events are unchanged, and shows the history of runs."""
