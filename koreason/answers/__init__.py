"""Room answers: what a model's answer says, and whether it is the one that is known to be right."""
