"""Events as they are stored: envelope, codec, upcasts, and the lines of an export."""
