"""What prompts and traces share with benchmarks."""
