"""Webhooks out: events of runs become deliveries, which are sent to their receivers."""
