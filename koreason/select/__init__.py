"""Stage select: traces to a training mix."""
