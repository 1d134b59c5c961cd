"""Folds events into the views that queries read; it decides nothing."""
