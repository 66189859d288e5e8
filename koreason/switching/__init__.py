"""Room switching: which language each word of a text is in, and how languages alternate; no model and no file."""
