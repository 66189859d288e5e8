"""What lies below `results/`: held against its manifests, pruned, adopted."""
