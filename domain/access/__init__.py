"""An audited access to a server, such as a sign-in, a refused request or an export."""
