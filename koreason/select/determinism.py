"""How the outputs of `select` repeat.

REPEATS["select"].files       # {"*": "bytes"}
"""

from koreason.records.repeating import BYTES, Repeats

REPEATS = {"select": Repeats({"*": BYTES})}
