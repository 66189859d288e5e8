"""Words of texts, their languages, and spans of words of one language.

    found = words_of(block)
    found.target, found.letters      # for each word

A word is a run of letters that are all of the target language, or all of others; an apostrophe between two of its letters does not end
it. `apple은` is two words. A span is a run of words of one language, whatever stands between them.
"""

from dataclasses import dataclass

import numpy
import polars as pl
import pyarrow

from koreason.columns.arrays import Bytes, Flags, Places, sums_before
from koreason.columns.utf8 import between
from koreason.switching.letters import APOSTROPHE, LEAKED, OTHER, TARGET, Block

Floats = numpy.typing.NDArray[numpy.float64]
# Bytes of the character that a byte begins.
WIDTHS = numpy.array([1] * 0xC0 + [2] * 0x20 + [3] * 0x10 + [4] * 0x10, numpy.uint8)


@dataclass(frozen=True)
class Words:
    """Words and spans of a block's texts, each kind in one row over all of them.

    Attributes:
        begin, end: the bytes at which each word begins and ends.
        letters: how many each word has.
        target, spans_target: for each word and each span whether it is of the target language.
        span: the word with which each span begins.
        of_words, of_spans: where the words and spans of each text begin, with the end of the last.
    """

    begin: Places
    end: Places
    letters: Places
    target: Flags
    span: Places
    spans_target: Flags
    of_words: Places
    of_spans: Places


def words_of(block: Block) -> Words:
    """The words of a block."""
    covered = _covered(block)
    border = numpy.empty(len(covered) + 1, bool)  # before each byte, and behind the last
    border[1:-1] = covered[1:] != covered[:-1]
    border[block.edges] = True
    letter = covered > 0
    begin, end = numpy.flatnonzero(border[:-1] & letter), numpy.flatnonzero(border[1:] & letter) + 1
    edges = numpy.stack([begin, end], axis=1).ravel()
    letters = between(block.kinds, TARGET | OTHER | LEAKED, edges)[::2]
    target = covered[begin] == TARGET
    of_words = numpy.searchsorted(begin, block.edges)
    switched = numpy.ones(len(begin), bool)
    switched[1:] = target[1:] != target[:-1]
    switched[of_words[:-1][numpy.diff(of_words) > 0]] = True
    span = numpy.flatnonzero(switched)
    return Words(begin, end, letters, target, span, target[span], of_words, numpy.searchsorted(span, of_words))


def _covered(block: Block) -> Bytes:
    """For each byte `TARGET` or `OTHER` where it is of a letter, or of an apostrophe between two letters of one language; else 0."""
    covered = numpy.minimum(block.kinds[: len(block.raw)], OTHER)
    goes_on = (block.raw & 0xC0) == 0x80
    for _ in range(2):  # a letter of a catalogue's script has three bytes at most
        covered[1:] |= covered[:-1] * goes_on[1:]
    place = numpy.flatnonzero(block.marks == APOSTROPHE)
    place = place[~numpy.isin(place, block.edges)]
    after = place + WIDTHS[block.raw[place]]
    inside = ~numpy.isin(after, block.edges)
    place, after = place[inside], after[inside]
    between = covered[place - 1] == covered[after]
    for step in range(3):
        mine = between & (place + step < after)
        covered[place[mine] + step] = covered[after[mine]]
    return covered


def sums(values: numpy.ndarray, edges: Places) -> Places:
    """Sums of whole numbers or flags between edges."""
    return numpy.diff(sums_before(values)[edges])


def target_spans(block: Block, words: Words) -> pl.DataFrame:
    """The target language's spans: `row` among all texts, and `span`, from its first letter to its last."""
    mine = numpy.flatnonzero(words.spans_target)
    if not len(mine):
        return pl.DataFrame(schema={"row": pl.Int64, "span": pl.String})
    first = numpy.append(words.span, len(words.begin))  # the word with which each span begins
    places = numpy.stack([words.begin[first[mine]], words.end[first[mine + 1] - 1]], axis=1).ravel()
    # between the end of a span and the beginning of the next stands what is no span of ours: every second text is one
    buffers = [pyarrow.py_buffer(array.tobytes()) for array in (places, block.raw)]
    texts = pyarrow.LargeStringArray.from_buffers(len(places) - 1, *buffers)
    rows = numpy.searchsorted(words.of_spans, mine, "right") - 1 + block.rows[0]
    return pl.DataFrame({"row": rows, "span": pl.Series(pl.from_arrow(texts)).gather_every(2)})
