"""Pictures: small charts as SVG, each from a table."""
