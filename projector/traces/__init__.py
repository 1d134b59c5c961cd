"""The spans of runs: a pure fold of their events into finished spans. Nothing here exports them."""
