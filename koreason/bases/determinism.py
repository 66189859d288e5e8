"""How the outputs of `base` repeat.

REPEATS["base"].files       # {"*": "bytes"}
"""

from koreason.records.repeating import BYTES, Repeats

# Models are copied, linked or converted, and known by their digests.
REPEATS = {"base": Repeats({"*": BYTES})}
