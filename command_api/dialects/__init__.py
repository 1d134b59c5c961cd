"""One folder per HTTP dialect; the parts that dialects share are in `command_api/dialect`."""
