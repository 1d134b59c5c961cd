"""Runs of every definition: lists, one run, its steps and its history."""
