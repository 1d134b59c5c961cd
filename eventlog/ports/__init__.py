"""Ports: what Baton needs of a technology. Backends implement them."""
