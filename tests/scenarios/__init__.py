"""Whole stories through real HTTP: the API, the executor and the projector on a real store."""
