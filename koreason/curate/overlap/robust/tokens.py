r"""Numbers, names and commands of formulas, in order: what a translation leaves as it is.

tokens = tokens_of(block)

Of "시속 $s+\frac{1}{2}$ km로 4시간" they are s, 1, 2 and 4. A token is a run of digits; a run of capitals; a small letter by itself; or
the name of a LaTeX command. Words are none: a run of small letters, or of capitals that goes on in small ones. "6{,}000" and
"6,000" are both 6 and 000.
"""

from dataclasses import dataclass

import numpy

from koreason.curate.overlap.block import Block
from koreason.curate.overlap.fold import BACKSLASH, DIGIT, LOWER, OTHER, UPPER, Bytes
from koreason.curate.overlap.hashed.grams import Floats, Hashes, Places, scrambled

# What a token tells in bits, by its kind and its length. A digit or an x tells little; 437 or \omega more.
BITS = {DIGIT: (2.5, 5.0, 9.0, 12.0), LOWER: (2.0,), UPPER: (2.5, 4.0, 5.0, 6.0), BACKSLASH: (3.0,)}
ROUND = 4.0  # at most, of a 1 or of nothing followed by zeros


@dataclass(frozen=True)
class Tokens:
    """Tokens of a block's texts.

    Attributes:
        hashes: of the tokens, shape (tokens,).
        texts: which text each is in.
        starts, ends: where each is among the block's units.
        kinds: class of each.
    """

    hashes: Hashes
    texts: Places
    starts: Places
    ends: Places
    kinds: Bytes


def _starting() -> numpy.ndarray:
    """Whether a token may start at a unit, by the classes of the one before, itself and the next."""
    table = numpy.zeros((5, 5, 5), bool)
    table[:, DIGIT, :] = True
    table[DIGIT, DIGIT, :] = False
    table[[OTHER, DIGIT, BACKSLASH], UPPER, :] = True
    table[[OTHER, DIGIT], UPPER, LOWER] = False  # a word's capital
    table[[OTHER, DIGIT], LOWER, :] = True
    table[[OTHER, DIGIT], LOWER, LOWER] = table[[OTHER, DIGIT], LOWER, UPPER] = False
    table[BACKSLASH, LOWER, :] = True
    return table.reshape(-1)


STARTING = _starting()


def tokens_of(block: Block) -> Tokens:
    """All tokens of a block, in order."""
    classes = block.classes
    around = classes * numpy.uint8(5)
    around[1:] += classes[:-1] * numpy.uint8(25)
    around[:-1] += classes[1:]
    starts = numpy.flatnonzero(STARTING[around])
    borders = numpy.flatnonzero(classes[1:] != classes[:-1]) + 1
    kinds = classes[starts]
    # the end of a run: where its class changes; a command's name goes on over both cases
    ends = borders[numpy.searchsorted(borders, starts, side="right")] if len(starts) else starts
    before = numpy.zeros(len(starts), numpy.uint8)
    before[starts > 0] = classes[starts[starts > 0] - 1]
    units = block.units
    article = (kinds == LOWER) & (before != BACKSLASH) & (units[starts] == ord("a"))
    left = units[numpy.maximum(starts - 1, 0)]
    article &= (left <= 32) & (units[ends] == 32)
    possessive = (kinds == LOWER) & ((left == ord("'")) | (left == 0x2019))
    # capitals that go on in small letters are a word, too: "ABc"
    word = (kinds == UPPER) & (before != BACKSLASH) & (classes[ends] == LOWER)
    keep = ~(article | possessive | word)
    starts, ends, kinds, before = starts[keep], ends[keep], kinds[keep], before[keep]
    kinds = numpy.where(before == BACKSLASH, numpy.uint8(BACKSLASH), kinds)
    folded_starts = numpy.searchsorted(block.places, starts)
    hashes = block.sums.between(folded_starts, folded_starts + (ends - starts))
    texts = numpy.searchsorted(block.ends, starts)
    return Tokens(scrambled(hashes + kinds.astype(numpy.uint64)), texts, starts, ends, kinds)


def bits_of(block: Block, tokens: Tokens) -> Floats:
    """What each of some tokens of a block tells; shape (tokens,)."""
    starts, ends, kinds = tokens.starts, tokens.ends, tokens.kinds
    lengths = ends - starts
    bits = numpy.zeros(len(starts))
    for kind, steps in BITS.items():
        chosen = kinds == kind
        bits[chosen] = numpy.array(steps)[numpy.minimum(lengths[chosen], len(steps)) - 1]
    number = kinds == DIGIT
    last, first = block.units[numpy.maximum(ends - 1, 0)], block.units[starts]
    second = block.units[numpy.minimum(starts + 1, len(block.units) - 1)]
    flat = number & (lengths > 1) & (last == ord("0")) & ((first == ord("1")) | (first == ord("0"))) & (second == ord("0"))
    flat |= number & (lengths == 2) & (last == ord("0"))
    bits = numpy.where(flat, numpy.minimum(bits, ROUND), bits)
    hundreds = number & (lengths == 3) & (last == ord("0")) & (second == ord("0"))
    told: Floats = numpy.where(hundreds, numpy.minimum(bits, ROUND + 1), bits)
    return told
