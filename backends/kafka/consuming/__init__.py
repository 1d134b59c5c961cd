"""Consumer groups: members, offsets, and records that can't be decoded."""
