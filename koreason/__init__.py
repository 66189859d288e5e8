"""koreason: from raw native-language questions to an evaluated reasoning model."""
