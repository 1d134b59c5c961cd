"""Events as the store holds them: envelope, codec, upcasts, and lines of an export."""
