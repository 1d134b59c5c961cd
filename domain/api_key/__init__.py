"""An API key: a long-lived credential of a program, which acts in one tenant."""
