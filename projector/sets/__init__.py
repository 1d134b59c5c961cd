"""Sets of views beside the live set: built, compared, promoted and dropped."""
