"""How the outputs of `generate` and `score` repeat.

REPEATS["score"].files       # {"*": "bytes"}
"""

from koreason.records.repeating import BYTES, JOURNAL, Repeats

# Scores are a function of the answers; of an answer that takes the scorer longer than its budget the verdict may be another.
REPEATS = {
    "generate": Repeats({"*": JOURNAL}, in_float32={"*": BYTES}, dtype=("engine", "dtype")),
    "score": Repeats({"*": BYTES}, bounds={"scores.json": {"accuracy": 0.05}}),
}
