"""The HTTP edge: authenticates, parses, runs commands, and answers queries from the views."""
