"""HTTP without any dialect: the request, the answer, and what bounds both."""
