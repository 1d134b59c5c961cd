"""One module per view; what views share stands beside this folder."""
