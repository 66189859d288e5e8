"""Items in another language: by the numbers, names and commands that a translation keeps, and how they follow each other.

Signature(items).overlaps(block)     # [Found(text, item, value, span)]

`value` is the mean of two shares, weighted by what a token tells (`tokens.BITS`): the Jaccard similarity of the tokens, each counted
up to three times, and the share of the item's near pairs (tokens with at most one between them, in either order) that the text has
in one window as long as the item. 0.65 is asked for; the less the shared tokens tell, the more, up to 0.95; below `LEAST_BITS`
nothing is found. Both numbers are from real data: see docs/curate.md.
"""

from collections import ChainMap, Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy
import polars as pl

from koreason.curate.overlap.batch import Batch, Row
from koreason.curate.overlap.block import Block
from koreason.curate.overlap.hashed.grams import Flags, Hashes, Index, Places, scrambled
from koreason.curate.overlap.items import Item
from koreason.curate.overlap.robust.tokens import Tokens, bits_of, tokens_of

LEAST_BITS, ENOUGH_BITS = 13.0, 20.0
LEAST, MOST = 0.65, 0.95  # asked for at ENOUGH_BITS and at LEAST_BITS
REPEATS = 3
LEAST_TOKENS = 5  # shared
LEAST_PAIRS, LONG_PAIRS = 3, 8  # that an item must have to be looked for, and to be looked for in long texts
LONG_BITS, LONG = 40.0, 0.8  # asked for where a text is more than three times an item's reach: it offers many windows
LEAST_NEAR = 0.5  # of an item's pairs
WEAK, HEAVY = 5.0, 0.7  # bits of a pair; share of an item's pairs
FAMILIAR = 16  # items of one benchmark; a pair that more of them hold tells nothing


@dataclass(frozen=True)
class Found:
    """What a text shares with an item."""

    text: int
    item: int
    value: float
    span: str


class Signature:
    """Looks for items by their signature."""

    method = "signature"

    def __init__(self, items: list[Item]) -> None:
        self._items, self._rows = items, list[Row]()
        self._bags: list[Counter[tuple[int, int]]] = []
        self._bits: dict[int, float] = {}
        self._pairs: list[dict[int, float]] = []
        self._reach = numpy.zeros(len(items), numpy.int64)  # tokens that an item may take in a text
        owners: dict[tuple[str, int], list[int]] = {}
        for number, item in enumerate(items):
            tokens = tokens_of(block := Block(pl.Series([item.text])))
            bits = bits_of(block, tokens)
            hashes = tokens.hashes.tolist()
            self._bits |= dict(zip(hashes, bits.tolist(), strict=True))
            self._bags.append(bag(hashes))
            self._reach[number] = len(hashes) * 5 // 4 + 4
            pairs, firsts, seconds = pairs_of(tokens)
            self._pairs.append(dict(zip(pairs.tolist(), (bits[firsts] + bits[seconds]).tolist(), strict=True)))
            for pair in self._pairs[number]:
                owners.setdefault((item.bench, pair), []).append(number)
        for (_, pair), numbers in owners.items():
            for number in numbers if len(numbers) > FAMILIAR else []:
                del self._pairs[number][pair]
        hopeful = [
            len(pairs) >= LEAST_PAIRS and _told(found, self._bits) >= LEAST_BITS and len(found) >= LEAST_TOKENS
            for found, pairs in zip(self._bags, self._pairs, strict=True)
        ]
        self.without = hopeful.count(False)
        told = numpy.array([_told(found, self._bits) for found in self._bags])
        # the mean of two shares is no more than what is asked for unless each is this large
        self._least_near = numpy.maximum(2 * numpy.array([_asked(bits) for bits in told.tolist()]) - 1, LEAST_NEAR)
        self._whole = numpy.array([sum(pairs.values()) for pairs in self._pairs])
        # where pairs that tell more than two digits do weigh most, the others need not lead to an item
        strong = numpy.array([sum(bits for bits in pairs.values() if bits > WEAK) for pairs in self._pairs])
        heavy = strong >= HEAVY * self._whole
        self._unled = numpy.where(heavy, self._whole - strong, 0.0)
        self._pair_bits = numpy.empty(0)
        self._indexes: list[tuple[Index, int, int]] = []  # with the number of its first pair, and the most tokens of a text for it
        self._suits = suits = (told >= LONG_BITS) & (numpy.array([len(pairs) for pairs in self._pairs]) >= LONG_PAIRS)
        for fit, most in ((suits, 2**62), (~suits, 3 * int(self._reach[~suits].max(initial=0)))):
            held = [
                (pair, number, bits)
                for number in numpy.flatnonzero(fit & hopeful).tolist()
                for pair, bits in self._pairs[number].items()
                if bits > WEAK or not heavy[number]
            ]
            led, owned = numpy.array([pair for pair, *_ in held], numpy.uint64), numpy.array([one for _, one, _ in held], numpy.int64)
            index = Index.of(led, owned, len(items))
            weights = {pair: bits for pair, _, bits in held}
            self._indexes.append((index, len(self._pair_bits), most))
            self._pair_bits = numpy.append(self._pair_bits, [weights[pair] for pair in index.hashes.tolist()])

    def overlaps(self, block: Block) -> list[Found]:
        """What a block's texts share with items, in order."""
        tokens = tokens_of(block)
        pairs, firsts, _ = pairs_of(tokens)
        begins = numpy.searchsorted(tokens.texts, numpy.arange(len(block.texts) + 1))
        lengths = numpy.diff(begins)
        hits = []
        for index, before, most in self._indexes:
            of_short = pairs, firsts
            if lengths.max(initial=0) > most:
                short = lengths[tokens.texts[firsts]] <= most
                of_short = pairs[short], firsts[short]
            places, grams = index.find(of_short[0])
            which, owners = index.owned(grams)
            hits.append((of_short[1][places[which]], owners, grams[which] + before))
        at, owners, grams = (numpy.concatenate(columns) for columns in zip(*hits, strict=True))
        texts = tokens.texts[at]
        long = lengths[texts] > 3 * self._reach[owners]
        fit = ~long | self._suits[owners]
        texts, owners, grams, at, long = texts[fit], owners[fit], grams[fit], at[fit], long[fit]
        found: dict[tuple[int, int], Found] = {}
        for text, item, stretch in self._worth(texts, owners, grams, at - begins[texts], long):
            first = int(begins[text]) + stretch * int(self._reach[item])
            last = min(first + 2 * int(self._reach[item]), int(begins[text + 1]))
            many = bool(lengths[text] > 3 * self._reach[item])
            held = self._held(block, tokens, text, item, first, last, many)
            if held and ((text, item) not in found or held.value > found[text, item].value):
                found[text, item] = held
        return [found[key] for key in sorted(found)]

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""
        for found in self.overlaps(batch.block):
            item = self._items[found.item]
            self._rows.append((*batch.keys[found.text], item.bench, item.id, self.method, found.value, found.span))

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found."""
        return self._rows

    def _worth(self, texts: Places, items: Places, grams: Places, places: Places, long: Flags) -> list[tuple[int, int, int]]:
        """Texts, items and stretches that may hold enough pairs: stretches are twice an item's reach and overlap by half.

        So every window of an item's reach lies in one of them, and nothing that `_held` would find is missed.
        """
        stretches = places // self._reach[items]
        least = numpy.maximum(self._least_near[items], numpy.where(long, 2 * LONG - 1, 0)) * self._whole[items] - self._unled[items] - 1e-6
        keys = (texts << 40) + (items << 20) + stretches
        keys, grams, least = numpy.append(keys, keys + 1), numpy.tile(grams, 2), numpy.tile(least, 2)
        if not len(keys):
            return []
        order = numpy.argsort(keys, kind="stable")
        keys, grams, least = keys[order], grams[order], least[order]
        # first with repeats, which is no less; then without, of what is left
        for last in (False, True):
            heads = numpy.flatnonzero(numpy.append(True, keys[1:] != keys[:-1]))
            enough = numpy.add.reduceat(self._pair_bits[grams], heads) >= least[heads]
            if last or not enough.any():
                break
            left = numpy.repeat(enough, numpy.diff(numpy.append(heads, len(keys))))
            keys, grams, least = keys[left], grams[left], least[left]
            order = numpy.lexsort((grams, keys))
            keys, grams, least = keys[order], grams[order], least[order]
            new = numpy.append(True, (keys[1:] != keys[:-1]) | (grams[1:] != grams[:-1]))
            keys, grams, least = keys[new], grams[new], least[new]
        keys = keys[heads][enough]
        return [(key >> 40, key >> 20 & 0xFFFFF, (key & 0xFFFFF) - 1) for key in keys.tolist() if key & 0xFFFFF]

    def _held(self, block: Block, tokens: Tokens, text: int, item: int, first: int, last: int, long: bool) -> Found | None:
        """The window of a stretch that holds most of an item's pairs, where that is enough."""
        mine = self._pairs[item]
        window = Tokens(*(column[first:last] for column in vars(tokens).values()))
        pairs, starts, ends = pairs_of(window)
        hits = sorted(
            (start, end, pair) for pair, start, end in zip(pairs.tolist(), starts.tolist(), ends.tolist(), strict=True) if pair in mine
        )
        most, start, end = _densest(hits, mine, int(self._reach[item]))
        near = most / self._whole[item]
        if near < (2 * LONG - 1 if long else LEAST_NEAR):
            return None
        there = bag(window.hashes[start:end].tolist())
        bits = ChainMap(dict(zip(window.hashes.tolist(), bits_of(block, window).tolist(), strict=True)), self._bits)
        both, either = there & self._bags[item], there | self._bags[item]
        told = _told(both, bits)
        value = (told / _told(either, bits) + near) / 2
        asked, least_bits = (max(_asked(told), LONG), LONG_BITS) if long else (_asked(told), LEAST_BITS)
        if len(both) < LEAST_TOKENS or told < least_bits or value < asked:
            return None
        return Found(text, item, round(float(value), 4), block.text_between(int(window.starts[start]), int(window.ends[end - 1])))


def _densest(hits: list[tuple[int, int, int]], weights: dict[int, float], reach: int) -> tuple[float, int, int]:
    """The first of the windows of `reach` tokens whose different pairs weigh most: weight, start, end."""
    best, held, sums, tail = (0.0, 0), Counter[int](), 0.0, 0
    for _, end, pair in hits:
        while hits[tail][0] < end - reach + 1:
            old = hits[tail][2]
            held[old] -= 1
            sums -= weights[old] if not held[old] else 0.0
            tail += 1
        held[pair] += 1
        sums += weights[pair] if held[pair] == 1 else 0.0
        if sums > best[0] + 1e-9:
            best = (sums, hits[tail][0])
    return *best, max((end for start, end, _ in hits if start >= best[1] and end < best[1] + reach), default=0) + 1


def _asked(told: float) -> float:
    """The least value, by what the shared tokens tell."""
    return LEAST + (MOST - LEAST) * max(0.0, ENOUGH_BITS - told) / (ENOUGH_BITS - LEAST_BITS)


def _told(tokens: Counter[tuple[int, int]], bits: Mapping[int, float]) -> float:
    """What tokens tell; one that came before tells half."""
    return sum(bits[token] / (2 if again else 1) for token, again in tokens)


def bag(hashes: list[int]) -> Counter[tuple[int, int]]:
    """Tokens with how often they came before, each up to `REPEATS` times."""
    counts: Counter[int] = Counter()
    found: Counter[tuple[int, int]] = Counter()
    for token in hashes:
        if counts[token] < REPEATS:
            found[token, counts[token]] = 1
            counts[token] += 1
    return found


def pairs_of(tokens: Tokens) -> tuple[Hashes, Places, Places]:
    """Near pairs of unequal tokens: hashes that are the same in either order, and the places of their first and second token."""
    pairs, firsts, seconds = [], [], []
    for distance in (1, 2):
        left, right = tokens.hashes[:-distance], tokens.hashes[distance:]
        at = numpy.flatnonzero((tokens.texts[:-distance] == tokens.texts[distance:]) & (left != right))
        pairs.append(scrambled(left[at] + right[at]))
        firsts.append(at)
        seconds.append(at + distance)
    return numpy.concatenate(pairs), numpy.concatenate(firsts), numpy.concatenate(seconds)
