"""The RO-Crate in an archive: the run as a Provenance Run Crate."""
