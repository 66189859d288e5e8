"""Stage measures: how the languages of each trace are mixed, in tables beside the traces."""
