"""The one admission in front of every route: deadlines, budgets, hosts, origins, headers, refusals.

Routes don't call it. The application does, for each request, whether a route matches it or not.
"""
