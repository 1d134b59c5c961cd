"""Verbs that control runs of a server: `baton runs pause|resume|rerun`, `baton explain`."""
