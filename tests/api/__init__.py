"""The HTTP edge: what is let in, how it is answered, and what never gets out."""
