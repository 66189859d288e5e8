"""Long columns of numbers and texts, worked on by the way that takes the least time."""
