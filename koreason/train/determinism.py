"""How the outputs of `pack` and `train` repeat.

REPEATS["train"].bounds["metrics.jsonl"]["loss"]       # 0.01
"""

from koreason.records.repeating import BYTES, TOLERANCE, Repeats

# In bf16 on GPUs a loss is off by up to 8e-4 from run to run (2.11+cu130 on an H100); other kernels and layouts sum in another order.
# In float32 the same layout on the same kind of device gives the same bytes. What goes with the weights is copied.
REPEATS = {
    "pack": Repeats({"*": BYTES}),
    "train": Repeats(
        {"*.safetensors": TOLERANCE, "metrics.jsonl": TOLERANCE, "*": BYTES},
        in_float32={"*": BYTES},
        dtype=("model", "dtype"),
        bounds={"metrics.jsonl": {"loss": 0.01, "step": 0.0, "tokens": 0.0, "loss_tokens": 0.0}},
    ),
}
