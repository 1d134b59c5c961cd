"""An API key: a lasting credential of a program, which acts in one tenant."""
