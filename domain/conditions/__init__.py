"""Conditions on the data of a run: paths, operators, and the record of an evaluation."""
