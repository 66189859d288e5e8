"""What the Hugging Face hub is asked for: always one commit, because branches move.

pinned("Qwen/Qwen3-32B", "9216db5781bf21249d130ec9da846c4624c16137")
"""

import re

from koreason.errors import UserError


def is_folder(hub: str) -> bool:
    """Tell whether a `hub` is a path and not a hub id."""
    return hub.startswith(("/", ".", "~", "$"))


def is_pinned(revision: str | None) -> bool:
    """Tell whether a revision is a full commit id."""
    return bool(re.fullmatch(r"[0-9a-f]{40}", revision or ""))


def pinned(hub: str, revision: str | None) -> str:
    """The revision of a hub entry, a full commit id.

    Raises:
        UserError: it is none, such as a branch's name.
    """
    if not is_pinned(revision):
        raise UserError(
            f"revision {revision!r} is not a full commit id",
            hub,
            "branches move: `koreason pin` writes the commit where the file says FILL-IN",
        )
    return str(revision)
