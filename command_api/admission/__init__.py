"""Admission: the checks before every route (deadlines, budgets, hosts, origins), and refusals.

Routes don't call it. The application calls it for each request, whether a route matches or not.
"""
