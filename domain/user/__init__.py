"""A user: a person who signs in with a name and a password, and acts in one tenant."""
