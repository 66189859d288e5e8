"""Random choices that depend on a seed and a name alone, and not on what else is there.

directives[drawn(seed, prompt_id, "directive") % len(directives)]
"""

import hashlib


def drawn(seed: int, *names: str) -> int:
    """A number of 64 bits."""
    text = "\n".join([str(seed), *names])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
