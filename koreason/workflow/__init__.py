"""What knows Snakemake: the beginning of a run, the Snakemake inside a job, and the plan read from Snakemake's own graph."""
