"""Streams of live events over HTTP: as WebSocket messages, or as lines of a chunked response."""
