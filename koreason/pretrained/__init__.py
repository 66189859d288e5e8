"""Models as their makers publish them: what is understood of a folder in Hugging Face's layout, and what is refused by name."""
