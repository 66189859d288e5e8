"""What a run will take before it starts: jobs, hours, disk, money, and what is wrong with its models."""
