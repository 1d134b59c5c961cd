"""The event log in no technology's terms: ports, envelope, codec and the two loops."""
