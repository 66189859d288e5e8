"""The configuration: its tables and fields, their schema, what is refused, and what an experiment makes of it."""
