"""The distribution as users install it, beside packages and modules of their own."""
