"""What an archive tells people and programs of its run: pages, pictures, citations."""
