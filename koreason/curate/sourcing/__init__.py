"""From a dump to an entry of the catalogue, and back: entries written, tried, and their files fetched."""
