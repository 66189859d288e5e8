"""What traces were like, on the page: languages mixed, teachers right, some to read."""
