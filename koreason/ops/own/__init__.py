"""What a user begins with: values in force, and a configuration made of files."""
