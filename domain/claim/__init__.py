"""A name that only one thing of a tenant may have at a time: a slug, a webhook path."""
