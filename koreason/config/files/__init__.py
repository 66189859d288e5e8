"""The files of a configuration: the catalogue, what lies over it, and what commands write."""
