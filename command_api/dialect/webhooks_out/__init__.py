"""The parts of webhooks out that dialects share."""
