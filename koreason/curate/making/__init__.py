"""Prompts made of a pool's prompts: other words around them, more options, another language."""
