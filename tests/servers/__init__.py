"""Real servers for tests: found by their address, in a container, or started on this machine."""
