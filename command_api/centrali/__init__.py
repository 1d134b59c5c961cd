"""What both Centrali dialects say alike: steps, triggers, conditions, runs. Sibling of no dialect.

A dialect adds its base path, its envelope, its units and the members it shows.
"""
