"""A BagIt bag (RFC 8493): what stands in it beside its payload.

    bag = Bag(entries, date=1795777757, facts={"External-Description": "taste"})
    bag.tags()["manifest-sha256.txt"]

The same entries make the same bytes, so a bag can be streamed, taken up again, and held against another.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from koreason.archive.entries import Entry

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
DECLARED, INFO, MANIFEST, TAGS = "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"
DATA = "data"


@dataclass(frozen=True)
class Bag:
    """What a bag holds, in the order in which it is written.

    Attributes:
        entries: the payload, with digests, sorted by path.
        date: seconds since 1970 that everything in it is dated by: the run's, not today's.
        facts: lines of `bag-info.txt`.
        own: further files beside `data/`, which may name the bag: its identifier does not depend on them.
    """

    entries: list[Entry]
    date: int
    facts: dict[str, str] = field(default_factory=dict)
    own: dict[str, bytes] = field(default_factory=dict)

    def size(self) -> int:
        """Bytes of the payload, each content once."""
        return sum({entry.sha256: entry.size for entry in self.entries}.values())

    def tags(self) -> dict[str, bytes]:
        """The files beside `data/`, by name; that of their own digests is the last, and makes the bag whole."""
        day = datetime.fromtimestamp(self.date, UTC).date().isoformat()
        size = sum(entry.size for entry in self.entries)
        lines = {"Bagging-Date": day, "Payload-Oxum": f"{size}.{len(self.entries)}", **self.facts}
        payload = "".join(f"{entry.sha256}  {DATA}/{entry.path}\n" for entry in self.entries)
        tags = {
            DECLARED: DECLARATION,
            INFO: "".join(f"{name}: {value}\n" for name, value in lines.items()).encode(),
            **self.own,
            MANIFEST: payload.encode(),
        }
        digests = "".join(f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in sorted(tags.items()))
        return tags | {TAGS: digests.encode()}

    def identifier(self) -> str:
        """What the bag is known by: the SHA-256 of its list of digests."""
        return hashlib.sha256(self.tags()[MANIFEST]).hexdigest()
