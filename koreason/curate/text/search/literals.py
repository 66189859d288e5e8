"""Which of many words stand in texts: all of them looked for in one pass, by Vectorscan.

    words = Literals([["그림", " 표는"], ["카톡"]])
    words.held(frame["text"])     # of shape (lists, texts): whether a word of each list stands in each text

Rust's `regex` finds a few dozen words as fast; of a thousand Vectorscan finds all in the time that it takes for fifty.
"""

import threading
from array import array
from collections.abc import Collection, Sequence

import hyperscan
import numpy
import polars as pl

from koreason.columns.arrays import Bytes, Flags, Places, buffers, pieces

AT_ONCE = 1 << 28  # bytes of one search: it counts them in 32 bits
ENOUGH = 100  # words, from which on Vectorscan looks for hashes; below, for nibbles that most Hangul have in common
NEVER = [f"\x01\x02{number:03d}\x03".encode() for number in range(ENOUGH)]  # of which clean texts hold none; to hold one does no harm
LETTER = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Literals:
    """Lists of words to look for: as they are, or whatever the case of their ASCII letters.

    With `begun`, a blank at a word's beginning may be the beginning of the text or of a line, too.
    """

    def __init__(self, lists: Sequence[Collection[str]], folded: Sequence[Collection[str]] = (), *, begun: bool = False) -> None:
        """Take lists of words; those whose letters' case is of no account come last.

        An empty word stands in every text; one with U+0000, which clean texts do not hold, in none.
        """
        every = [
            {(word, folds and not LETTER.isdisjoint(word)) for word in words} for folds, some in ((0, lists), (1, folded)) for words in some
        ]
        self._always = numpy.array([("", 0) in some for some in every], bool)
        words = sorted((word, folds) for word, folds in frozenset().union(*every) if word and "\0" not in word)
        self._of = numpy.array([[word in some for word in words] for some in every], bool).reshape(len(every), len(words))
        self._begun, self._blank = begun, numpy.array([begun and word[:1] == " " < word for word, _ in words], bool)
        found = [word[int(blank) :].encode() for (word, _), blank in zip(words, self._blank, strict=True)]
        self._sizes = numpy.array([*map(len, found)], numpy.int64)
        self._one = threading.Lock()  # its memory serves one search at a time
        self._search = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        if words:
            flags = [hyperscan.HS_FLAG_CASELESS if folds else 0 for _, folds in words]
            more = NEVER[len(found) :]
            self._search.compile(expressions=found + more, ids=list(range(len(found + more))), flags=flags + [0] * len(more), literal=True)

    def held(self, texts: pl.Series) -> Flags:
        """Of shape (lists, texts): whether a word of each list stands in each text; a null is empty."""
        found = numpy.repeat(self._always[:, None], len(texts), axis=1)
        if not len(self._sizes) or not len(texts):
            return found
        data, offsets = buffers(texts)
        for first, last in pieces(offsets, AT_ONCE):
            rows, numbers = self._hits(data[offsets[first] : offsets[last]], offsets[first : last + 1] - offsets[first])
            for number, own in enumerate(self._of):
                found[number, first + rows[own[numbers]]] = True
        return found

    def _hits(self, data: Bytes, offsets: Places) -> tuple[Places, Places]:
        """The texts in which words stand, and which ones: words across a border of two are none."""
        which, ends = array("q"), array("q")

        def met(number: int, start: int, end: int, flags: int, context: object) -> None:
            which.append(number)
            ends.append(end)

        with self._one:
            self._search.scan(data, match_event_handler=met)  # type: ignore[type-var]  # it takes any buffer
        numbers, end = numpy.array(which, numpy.int64), numpy.array(ends, numpy.int64)
        real = numbers < len(self._sizes)
        numbers, end = numbers[real], end[real]
        begin = end - self._sizes[numbers]
        rows = numpy.searchsorted(offsets, begin, side="right") - 1
        whole = end <= offsets[rows + 1]
        if self._begun:
            before = data[begin - 1]  # of the first byte that is the last: there the text begins
            whole &= ~self._blank[numbers] | (begin == offsets[rows]) | (before == ord(" ")) | (before == ord("\n"))
        return rows[whole], numbers[whole]
