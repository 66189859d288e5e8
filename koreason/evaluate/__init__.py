"""Stage evaluate: a model's answers to benchmarks, scored."""
