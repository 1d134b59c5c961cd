"""Tests of the HTTP edge: admission, responses, and the data that no response may hold."""
