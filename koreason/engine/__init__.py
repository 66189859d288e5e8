"""Answers drawn from a model by vLLM, each paid for once: what the stages `trace` and `evaluate` share."""
