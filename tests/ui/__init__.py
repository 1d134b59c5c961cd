"""The web UI, driven in a browser against a real `baton dev`."""
