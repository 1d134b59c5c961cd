"""Webhooks out: their registrations, deliveries and dead letters, redriving and testing them."""
