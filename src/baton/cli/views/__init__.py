"""The group `baton views`: sets of views, built and promoted beside running services."""
