"""What a process stands in: its machine, other users, other processes, git, and the memory that libraries take."""
