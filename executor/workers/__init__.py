"""Remote workers: tasks go out over topics, results come back."""
