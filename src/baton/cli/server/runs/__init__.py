"""`baton runs …`: the runs of a server, one by one."""
