"""What curation measured of the prompts: lengths, shares, personal data, twins, overlaps with benchmarks."""
