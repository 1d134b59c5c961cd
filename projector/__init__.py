"""Folds events into the views that queries read; decides nothing."""
