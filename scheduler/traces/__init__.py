"""Traces: the events of runs become spans, which a collector of OpenTelemetry receives."""
