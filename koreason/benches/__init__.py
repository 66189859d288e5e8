"""Stage benches: benchmarks brought to one table of items, before any model is asked."""
