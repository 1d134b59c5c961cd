"""Verification of stores and exports."""
