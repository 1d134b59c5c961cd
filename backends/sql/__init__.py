"""What backends with a SQL database share."""
