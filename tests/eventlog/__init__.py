"""The codec, the loops and the commit path, without any technology."""
