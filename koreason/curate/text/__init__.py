"""Texts cleaned and measured, column by column, without a file."""
