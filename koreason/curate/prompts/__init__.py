"""What a record of a dump becomes: a prompt with its options and an id by content."""
