"""What a search for texts that are alike keeps on disk while it runs: bands, buckets, and the forms of candidates.

with Scratch(out / ".scratch") as scratch:
    scratch.add_bands(bands)                # of some texts, shape (n, bands)
    keys = scratch.band(3)                  # of all of them
    scratch.add_forms(forms)
    scratch.forms(numpy.array([7, 2]))      # of the eighth and the third
"""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy

from koreason.columns.arrays import Places
from koreason.minhash.candidates import Buckets
from koreason.minhash.forms import Forms
from koreason.minhash.sketches import BANDS, Hashes

POINT = 4  # bytes


class Scratch:
    """A folder of temporary files, gone with its context; one that was left by a killed process is cleared first.

    Attributes:
        bands: of each text.
    """

    def __init__(self, folder: Path, bands: int = BANDS) -> None:
        self._folder, self._stack, self.bands = folder, ExitStack(), bands
        self._lengths: list[Places] = []
        self._starts: Places | None = None

    def __enter__(self) -> "Scratch":
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._stack.callback(shutil.rmtree, self._folder)
        self._bands = [self._stack.enter_context((self._folder / f"band-{number}").open("w+b")) for number in range(self.bands)]
        self._points = self._stack.enter_context((self._folder / "forms").open("w+b"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._stack.close()

    def add_bands(self, bands: Hashes) -> None:
        """Append the bands of some texts."""
        for number, file in enumerate(self._bands):
            numpy.ascontiguousarray(bands[:, number]).tofile(file)

    def band(self, number: int) -> Hashes:
        """One band of all texts, in the order in which they were added."""
        self._bands[number].flush()
        return numpy.fromfile(self._folder / f"band-{number}", numpy.uint64)

    def put_buckets(self, number: int, buckets: Buckets) -> None:
        """Keep the buckets of a band."""
        buckets.members.astype(numpy.int32).tofile(self._folder / f"members-{number}")
        buckets.sizes.astype(numpy.int32).tofile(self._folder / f"sizes-{number}")

    def buckets(self, number: int) -> Buckets:
        """The buckets of a band."""
        members, sizes = (numpy.fromfile(self._folder / f"{part}-{number}", numpy.int32) for part in ("members", "sizes"))
        return Buckets(members.astype(numpy.int64), sizes.astype(numpy.int64))

    def add_forms(self, forms: Forms) -> None:
        """Append some forms."""
        forms.points.tofile(self._points)
        self._lengths.append(forms.lengths)
        self._starts = None

    def lengths(self) -> Places:
        """Of all forms, in code points."""
        if len(self._lengths) > 1:
            self._lengths = [numpy.concatenate(self._lengths)]
        return self._lengths[0] if self._lengths else numpy.empty(0, numpy.int64)

    def forms(self, slots: Places) -> Forms:
        """Some forms, by the order in which they were added."""
        lengths = self.lengths()
        if self._starts is None:
            self._points.flush()
            self._starts = numpy.cumsum(lengths) - lengths
        file, wanted = self._points.fileno(), zip((POINT * lengths[slots]).tolist(), (POINT * self._starts[slots]).tolist(), strict=True)
        data = b"".join([os.pread(file, size, start) for size, start in wanted])
        return Forms(numpy.frombuffer(data, numpy.uint32), lengths[slots])
