"""Bytes of files: decompressed, counted, cut into lines, with bounded memory."""
