"""A claim: the exclusive use of a name within a tenant, or on the whole server.

Names are slugs and webhook paths of a tenant, and names of users.
"""
