"""What a machine and its cluster offer a run, and what is set up there."""
