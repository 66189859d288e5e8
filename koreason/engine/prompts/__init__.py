"""What a model sees, made by its own chat template, and what ends its turn."""
