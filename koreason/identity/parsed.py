"""What was read of modules is remembered beside their byte code: to parse all of the package takes a second of every start.

    known = Parsed(PACKAGE, rules, parse)      # `rules`: whatever decides how `parse` reads
    known.read("koreason.shards", path)        # parsed once for each text that the module has had
    known.keep()

Whoever can write there can write the byte code that Python runs, so it is believed as that is. It is of use only: where it cannot be
read or written, everything is parsed again.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from koreason.records.digests import write_atomically

MOST = 4_000  # modules, in all their texts
Read = tuple[str, list[str]]


class Parsed:
    """Modules by the SHA-256 of name, text and rules.

    Args:
        package: in whose `__pycache__` it is kept.
        rules: what decides how modules are read: other rules know nothing of what these remember.
        parse: reads a module's name and text.
    """

    def __init__(self, package: Path, rules: bytes, parse: Callable[[str, str], Read]) -> None:
        self._file = package / "__pycache__" / f"meanings.{sys.implementation.cache_tag}.json"
        self._rules = hashlib.sha256(rules).hexdigest()
        self._parse = parse
        self._used: dict[str, Read] = {}
        self._new = False
        self._known = self._load()

    def _load(self) -> dict[str, Read]:
        with suppress(OSError, ValueError, TypeError, AttributeError):
            return {key: (str(meaning), list(imports)) for key, (meaning, imports) in json.loads(self._file.read_bytes()).items()}
        return {}

    def read(self, module: str, path: Path) -> Read:
        """What `parse` makes of the module in a file."""
        text = path.read_bytes()
        key = hashlib.sha256(f"{self._rules}\0{module}\0".encode() + text).hexdigest()
        if key not in self._known:
            self._known[key] = self._parse(module, text.decode("utf-8"))
            self._new = True
        self._used[key] = self._known[key]
        return self._known[key]

    def keep(self) -> None:
        """Write down what is known, if any of it is new."""
        if not self._new:
            return
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            # years of edits would make the file long: what nothing asked for goes
            write_atomically(self._file, json.dumps(self._known if len(self._known) < MOST else self._used))
        self._new = False
