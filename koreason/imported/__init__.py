"""Stage imported: finished traces that others made, brought to the table of our own."""
