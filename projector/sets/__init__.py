"""Sets of views beside the live one: built, compared, promoted, followed until they are dropped."""
