"""Conditions on the data of a run: their paths, their operators, and the record of an evaluation."""
