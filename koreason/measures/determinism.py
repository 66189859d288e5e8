"""How the outputs of `measure` and `judge` repeat.

REPEATS["measure"].files       # {"*": "bytes"}
"""

from koreason.records.repeating import BYTES, Repeats

REPEATS = {"measure": Repeats({"*": BYTES}), "judge": Repeats({"*": BYTES})}
