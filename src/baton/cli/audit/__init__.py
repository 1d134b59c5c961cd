"""`baton audit …`: checks that stored events are what they were, and shows the history of runs."""
