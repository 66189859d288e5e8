"""What was drawn, kept so that nobody pays for it twice: records with checksums, their index, what was set aside, tidying up."""
