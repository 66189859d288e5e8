"""Foreign files read: each format to records, with bounded memory and every byte accounted for."""
