"""How the outputs of `trace` repeat.

REPEATS["trace"].files["*"]       # "bytes given the journal"
"""

from koreason.records.repeating import BYTES, JOURNAL, Repeats

# In bf16 what a GPU draws depends on what stands in the same batch. In float32 it does not, on one kind of device.
REPEATS = {"trace": Repeats({"*": JOURNAL}, in_float32={"*": BYTES}, dtype=("engine", "dtype"))}
