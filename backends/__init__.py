"""One folder per technology behind the ports of eventlog; nobody but baton imports them."""
