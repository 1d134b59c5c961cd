"""Hints about documents that a server accepts although they may not have the desired effect."""
