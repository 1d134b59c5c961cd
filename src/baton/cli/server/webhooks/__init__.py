"""`baton webhooks …`: registrations, their deliveries and dead letters."""
