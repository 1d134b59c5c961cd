"""The hold on the whole server: while it is held, no step starts and no timer or schedule fires."""
