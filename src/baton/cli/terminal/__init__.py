"""How verbs print to a terminal."""
