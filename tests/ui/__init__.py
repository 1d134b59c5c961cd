"""Tests of the web UI, in a browser against a real `baton dev`."""
