"""The HTTP edge: authenticates, parses, hands commands over and answers queries from views."""
