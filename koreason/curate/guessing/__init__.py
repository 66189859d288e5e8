"""What a dump is, guessed from its beginning: format, encoding, columns, language; each guess with its reason."""
