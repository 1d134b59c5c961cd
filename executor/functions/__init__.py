"""Calls of functions: Python, processes, HTTP and built-ins."""
