"""Sentences about documents that a server accepts although they may not do what is wanted."""
