"""Histories as each release wrote them; every later release reads them."""
