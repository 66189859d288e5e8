"""What a stage leaves beside its output: the manifest, how it came to be, and what reads them."""
