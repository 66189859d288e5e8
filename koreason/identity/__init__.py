"""What decides a result: the code and the environment that make it."""
