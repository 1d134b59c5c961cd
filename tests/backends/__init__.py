"""How the conformance suites open each backend."""
