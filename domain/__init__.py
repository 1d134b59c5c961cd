"""The rules of Baton: pure decisions and folds, without I/O, clock, randomness or async."""
