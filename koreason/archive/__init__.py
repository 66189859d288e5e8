"""Archives of finished runs: what goes in, what must not, how it is laid down, and how a run comes back from one."""
