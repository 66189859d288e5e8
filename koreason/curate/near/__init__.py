"""How near-duplicates are found: forms of texts, sketches of forms, candidates, and their exact verification."""
