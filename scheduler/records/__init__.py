"""Record events become runs."""
