"""Stage bases: teachers and students as they come from elsewhere."""
