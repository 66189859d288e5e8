"""What is refused of a configuration before anything runs."""
