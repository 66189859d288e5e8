"""A safetensors file written tensor by tensor, so that one of them is in memory at a time; its digest is taken on the way.

    with TensorFile(path, {"model.norm.weight": Entry("F32", (576,))}) as file:
        file.write("model.norm.weight", buffer)
    file.sha256

The tensors' names, types and shapes come first in the format, so they are known before: https://github.com/huggingface/safetensors.
"""

import hashlib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from koreason.pretrained.files import WIDTHS


@dataclass(frozen=True)
class Entry:
    """A tensor to come: its type as safetensors calls it, and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Its size."""
        return math.prod(self.shape) * WIDTHS[self.dtype]


def in_order(entries: dict[str, Entry]) -> dict[str, Entry]:
    """The entries as they lie in a file: wide types first, so that each begins at a multiple of its width, else as they come."""
    return dict(sorted(entries.items(), key=lambda item: -WIDTHS[item[1].dtype]))


class TensorFile:
    """The file; tensors are written in the order of `in_order`."""

    def __init__(self, path: Path, entries: dict[str, Entry], metadata: dict[str, str] | None = None) -> None:
        self.path, self.sha256 = path, ""
        self._left = list(in_order(entries).items())
        header: dict[str, object] = {"__metadata__": metadata or {"format": "pt"}}
        place = 0
        for name, entry in self._left:
            header[name] = {"dtype": entry.dtype, "shape": entry.shape, "data_offsets": [place, place + entry.bytes]}
            place += entry.bytes
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        self._begin = len(text).to_bytes(8, "little") + text

    def __enter__(self) -> "TensorFile":
        self._file, self._hash = open(self.path, "wb"), hashlib.sha256()
        self._put(self._begin)
        return self

    def write(self, name: str, data: "bytes | memoryview") -> None:
        """Write the next tensor's bytes, in row-major order.

        Raises:
            ValueError: another one is next, or it has another size.
        """
        wanted, entry = self._left.pop(0)
        if (name, len(data)) != (wanted, entry.bytes):
            raise ValueError(f"{name} of {len(data)} bytes came where {wanted} of {entry.bytes} was to come")
        self._put(data)

    def _put(self, data: "bytes | memoryview") -> None:
        self._file.write(data)
        self._hash.update(data)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        with self._file:
            if kind is None:
                if self._left:
                    raise ValueError(f"{self._left[0][0]} is missing")
                self._file.flush()
                os.fsync(self._file.fileno())
        self.sha256 = self._hash.hexdigest()
