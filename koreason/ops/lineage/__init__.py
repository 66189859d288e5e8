"""What became of a prompt, read from what the stages left: explain, samples of what was dropped, forget."""
