"""The contract of a dialect, and the parts that dialects share; nothing here is specific to one."""
