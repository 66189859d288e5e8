"""Patterns and words looked for in many texts, of which most are ruled out by little."""
