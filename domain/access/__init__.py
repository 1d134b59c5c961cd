"""An access to a server: a sign-in, a refusal, an export."""
