"""What runs, seen from what it leaves: journals counted, lengths and speed estimated, in a table. `koreason status` and `plan` show it."""
