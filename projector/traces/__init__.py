"""The spans of runs: a pure fold of their events. Exporters are elsewhere."""
