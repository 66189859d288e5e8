"""What a stage's dependencies are, as one digest.

environment_digest("vllm")
"""

import functools
import hashlib
import json

from koreason.home import HOME


@functools.cache
def environment_digest(name: str) -> str:
    """What a stage's dependencies are: its image's digest where images were built, else its lock file's."""
    images = HOME / "containers" / "images.lock.json"
    if images.is_file():
        entry = json.loads(images.read_text(encoding="utf-8")).get(name)
        if entry:
            return str(entry["sha256"])[:16]
    return hashlib.sha256((HOME / "envs" / f"{name}.lock").read_bytes()).hexdigest()[:16]
