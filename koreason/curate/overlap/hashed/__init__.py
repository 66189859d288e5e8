"""Windows of texts as hashes: rolling ones, and keyed ones."""
