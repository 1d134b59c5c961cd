"""Webhooks out: events of runs become deliveries, and deliveries are sent to their receivers."""
