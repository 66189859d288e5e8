"""Room answers: scores of models side by side, and the answers behind each to read."""
