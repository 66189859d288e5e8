"""What a run will take, took and lacks: plan, budget, disk, spent, doctor."""
