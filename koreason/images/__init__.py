"""Container images: built, recorded, verified, entered."""
