"""How the outputs of `import-traces` repeat.

REPEATS["import_traces"].files       # {"*": "bytes"}
"""

from koreason.records.repeating import BYTES, Repeats

REPEATS = {"import_traces": Repeats({"*": BYTES})}
