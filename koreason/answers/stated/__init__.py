"""What an answer states in words, without a box."""
