"""Room profiles: each way of reading an answer, a file each, and their one table."""
