"""Stage trace: a teacher's reasoning for each prompt, in shards."""
