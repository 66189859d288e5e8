"""What several entries of a configuration say together: experiments, parts of mixes, sources of pools."""
