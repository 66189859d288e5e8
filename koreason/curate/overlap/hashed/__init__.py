"""Windows of texts as hashes: rolling ones, keyed ones, and benchmarks that are kept as these."""
