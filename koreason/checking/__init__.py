"""All that can be known for free before a run's first job, said at once: `koreason check`."""
