"""Optimizer steps: one, all of them, and the checkpoints between them."""
