"""The port of the tree that covers the stored events."""
