"""Rules about runs beside their steps: pauses, reruns, explanations, synchronization timeouts."""
