"""The bytes of an archive's entries, once more held against the digests that were read before.

for chunk in Contents(places, redact=False)(entry): ...
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from koreason.archive.entries import Entry
from koreason.archive.gathered import private
from koreason.archive.gathered.digests import told
from koreason.errors import UserError

CHUNK = 2**20


@dataclass(frozen=True)
class Contents:
    """Gives the bytes of entries; `places` and `redact` as they were read with."""

    places: private.Places
    redact: bool

    def __call__(self, entry: Entry) -> Iterator[bytes]:
        """The bytes, in pieces.

        Raises:
            UserError: the file has changed since its digest was taken.
        """
        found = hashlib.sha256()
        for chunk in self._chunks(entry):
            found.update(chunk)
            yield chunk
        if found.hexdigest() != entry.sha256:
            raise UserError("has changed while it was archived", entry.source or entry.path, "type the same command again")

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        if entry.text is not None:
            yield entry.text
            return
        assert entry.source is not None
        if entry.told:
            yield told(entry.source, self.places, self.redact)
            return
        with open(entry.source, "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
