"""Traces: events of runs become spans, which are exported to an OpenTelemetry collector."""
