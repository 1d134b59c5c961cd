"""Ports: the interfaces that backends implement."""
