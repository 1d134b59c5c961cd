"""What the executor does: functions, and the loop that calls them."""
