"""HTTP independent of any dialect: requests, replies, and their limits."""
