"""The tale of each dialect, told in its own words."""
