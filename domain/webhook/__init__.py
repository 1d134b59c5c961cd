"""A webhook registration: the URL that gets deliveries, their event types, and its secrets."""
