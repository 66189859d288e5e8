"""How the outputs of `page` repeat.

REPEATS["report"].files["index.html"]       # "fact of a run"
"""

from koreason.records.repeating import BYTES, FACT, Repeats

# The page tells how long jobs took, and where.
REPEATS = {"report": Repeats({"index.html": FACT, "figures/time*.svg": FACT, "tables/time*.csv": FACT, "*": BYTES})}
