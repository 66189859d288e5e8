"""Room interchange: a finished evaluation in the forms that other tools read."""
