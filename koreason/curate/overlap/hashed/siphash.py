"""SipHash-2-4 of many 64-bit words at once: who has the hashes and not the key can neither read them nor try a guess.

siphash((k0, k1), words)

Aumasson and Bernstein, 2012: a keyed hash for short inputs. Each word is hashed as its eight bytes, least first.
"""

import numpy

from koreason.curate.overlap.hashed.grams import Hashes

Key = tuple[int, int]
ONES = 2**64 - 1
INITIAL = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
CACHED = 1 << 14  # words at a time: their states stay in the cache
LENGTH = numpy.uint64(8 << 56)  # the last block of an input of eight bytes


def siphash(key: Key, words: Hashes) -> Hashes:
    """Hash of each word; shape (n,)."""
    parts = [_hashed(key, words[start : start + CACHED]) for start in range(0, len(words), CACHED)]
    return numpy.concatenate(parts) if parts else numpy.empty(0, numpy.uint64)


def _hashed(key: Key, words: Hashes) -> Hashes:
    v0, v1, v2, v3 = (numpy.full(len(words), start ^ key[place % 2] & ONES, numpy.uint64) for place, start in enumerate(INITIAL))
    for block in (words, LENGTH):
        v3 ^= block
        _rounds(2, v0, v1, v2, v3)
        v0 ^= block
    v2 ^= numpy.uint64(0xFF)
    _rounds(4, v0, v1, v2, v3)
    found: Hashes = v0 ^ v1 ^ v2 ^ v3
    return found


def _rounds(count: int, v0: Hashes, v1: Hashes, v2: Hashes, v3: Hashes) -> None:
    """Mix the state in place."""
    for _ in range(count):
        for left, right, turn, half in ((v0, v1, 13, True), (v2, v3, 16, False), (v0, v3, 21, False), (v2, v1, 17, True)):
            left += right
            _turn(right, turn)
            right ^= left
            if half:
                _turn(left, 32)


def _turn(words: Hashes, bits: int) -> None:
    """Rotate to the left, in place."""
    high = words >> numpy.uint64(64 - bits)
    words <<= numpy.uint64(bits)
    words |= high
