"""How the outputs of `bench` repeat.

REPEATS["bench"].files       # {"*": "bytes"}
"""

from koreason.records.repeating import BYTES, Repeats

REPEATS = {"bench": Repeats({"*": BYTES})}
