"""One folder per HTTP dialect; what dialects share stands beside this folder."""
