"""Faults against real processes: what Baton promises when it is killed, starved or misused."""
