"""Stage curate: raw dumps to a clean pool of prompts."""
