"""What of a finished run an archive holds: its files, inputs, packages and jobs, read and looked at."""
