"""Ids of prompts, by content: adding to a source or reordering it changes no id.

ids = identified("quiz", [b"1 + 1?"], None, None, Occurrences())

An id is a digest of the source's name, the question, passage and options where it has any, and how often the same came before.
"""

import hashlib
import json
from collections.abc import Sequence

import numpy

from koreason.curate.prompts.occurrences import Occurrences

ID_DIGITS = 24


def identified(
    name: str,
    questions: Sequence[bytes],
    passages: Sequence[bytes | None] | None,
    options: Sequence[list[str] | None] | None,
    occurrences: Occurrences,
) -> list[str]:
    """An id of 24 hexadecimal digits for each of a source's next prompts; null stands for none at all."""
    prefix, sha256 = f"{name}\n".encode(), hashlib.sha256
    found = [sha256(prefix + question) for question in questions]
    if passages is not None or options is not None:
        none = [None] * len(found)
        for digest, passage, choices in zip(found, passages or none, options or none, strict=True):
            if passage or choices:
                digest.update(b"\0" + json.dumps([passage and passage.decode(), choices], ensure_ascii=False).encode())
    digests = b"".join([digest.digest() for digest in found])
    before = occurrences.count(numpy.frombuffer(digests, ">u8").reshape(-1, 4)[:, 0].astype(numpy.uint64))
    digits = digests.hex()
    ids = [digits[place : place + ID_DIGITS] for place in range(0, len(digits), 64)]
    for index in numpy.flatnonzero(before):
        found[index].update(f"\n{before[index]}".encode())
        ids[index] = found[index].hexdigest()[:ID_DIGITS]
    return ids
