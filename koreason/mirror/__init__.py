"""What a configuration names elsewhere, on a hub or the web: pinned, brought into one folder by content, and held against its origin."""
