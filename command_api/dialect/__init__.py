"""The contract of a dialect and the kit that dialects share; nothing here belongs to one."""
