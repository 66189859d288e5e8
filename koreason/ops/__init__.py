"""Running the workflow on a cluster: the only part that has heard of Slurm and Apptainer."""
