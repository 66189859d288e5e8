"""Tables in text, under a line of column names."""
