"""Tests of the formats and of the outgoing HTTP that several roles share."""
