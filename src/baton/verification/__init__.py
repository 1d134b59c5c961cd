"""Verifications of a store in processes of their own: they take a core, which services need."""
