"""The run loop, and the live runs that it advances."""
