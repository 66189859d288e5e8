"""Slurm, and a job's life on it: what is asked for, started, told, put back and found again."""
