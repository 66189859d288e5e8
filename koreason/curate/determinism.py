"""How the outputs of curation's stages repeat.

REPEATS["pool"].files       # {"*": "bytes"}
"""

from koreason.records.repeating import BYTES, Repeats

# No stage of curation computes with floating-point numbers in an order that differs from run to run.
REPEATS = {
    name: Repeats({"*": BYTES})
    for name in ("ingest", "augment", "clean", "sketch", "dedup", "decontaminate", "decontaminate_traces", "decontaminate_mix", "pool")
}
