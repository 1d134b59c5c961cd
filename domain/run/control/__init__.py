"""Rules beside the course of a run: pauses, reruns, explanations, and timeouts of syncs."""
