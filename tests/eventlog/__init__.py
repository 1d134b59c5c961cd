"""Tests of the codec, the loops and the append path, on the memory backend or on fakes."""
