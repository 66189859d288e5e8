"""HTML and BBCode turned into text, in posts in which `<` and `>` may also be mathematics or code."""
