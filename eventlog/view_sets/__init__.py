"""Sets of views: the rules that every backend shares."""
