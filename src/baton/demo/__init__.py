"""The order-processing demo: a shop's orders come in, are validated, and fulfilled or rejected."""
