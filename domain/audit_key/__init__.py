"""The key that signs the heads of the log."""
