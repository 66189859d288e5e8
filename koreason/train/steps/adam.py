"""What Adam keeps of each parameter: the one place that names its states, for checkpoints, and for the disk they fill.

    STATES, BYTES      # ("exp_avg", "exp_avg_sq"), 12

A leaf that needs no torch, because `koreason plan` counts with it in the environment `data`.
"""

NAME = "adam"  # as Megatron calls it
STATES = ("exp_avg", "exp_avg_sq")  # as torch calls them, each as large as the parameter
STEP = "step"  # a counter of each tensor
BYTES = 4 * (1 + len(STATES))  # a parameter in float32 and its states
