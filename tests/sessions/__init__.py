"""The page of the web UI as it is served, and the sessions of its users; no browser is needed."""
