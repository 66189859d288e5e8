"""Whether a text leans on a picture or table that is not there."""
