"""A claim: the exclusive use of a name within a tenant. Names are slugs and webhook paths."""
