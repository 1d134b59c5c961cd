"""One module per kind of step; what handlers share stands beside this folder."""
