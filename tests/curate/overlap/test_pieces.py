"""The vectorised pieces are what their slow references say."""

import random
import unicodedata

import numpy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koreason.curate.overlap import block as module
from koreason.curate.overlap.block import Block, blocks
from koreason.curate.overlap.fold import folded, stretch
from koreason.curate.overlap.hashed.grams import CODES, Index, Sums, hashes_of
from koreason.curate.overlap.items import Item
from koreason.curate.overlap.paper import Morphemes, RawWords, thirteens
from koreason.curate.overlap.robust.characters import long_hits, long_index
from koreason.curate.overlap.robust.signature import Signature
from koreason.curate.overlap.robust.tokens import tokens_of
from koreason.curate.overlap.segment import words
from koreason.curate.spec import Segmentation

PIECES = [
    "다음",
    " ",
    "\n",
    r"\left(",
    r"\frac",
    r"\quad ",
    "ＡＢ１",
    "x+1",
    "①",
    "\u1100\u1161",
    "e\u0301",
    "\0",
    "😀",
    "가나다",
    "[asy]",
    "[/asy]",
    "$",
    "İ",
]
TEXT = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=12).map("".join)
VOCABULARY = ["학교에서", "학교는", "수는", "x", "12", "Find", "the", "값을", "구하라", "합은", "자연수", "n", "3", "표현", "어떤"]


@given(st.lists(TEXT, max_size=5))
def test_blocks_fold_as_single_texts(texts: list[str]) -> None:
    if not texts:
        return
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    block = Block(pl.Series(texts))
    assert [block.letters_of(place) for place in range(len(texts))] == [folded(text) for text in texts]


def test_folding_leaves_out_what_only_looks_different() -> None:
    assert folded(r"Find $\left( \dfrac{m}{n} \right)$.") == folded(r"find $(\frac{m}{n})$") == folded("Ｆind mn") == "findmn"
    assert folded(unicodedata.normalize("NFD", "값을 구하라")) == "값을구하라"
    assert folded("ㄱ① 서울 ② 부산") == folded("ㄱ 서울 부산")
    assert stretch(r"가: $\left( x + 1 \right)$ 이다.", "x1이") == r"x + 1 \right)$ 이"


@given(st.lists(st.integers(0, 3), min_size=30, max_size=120), st.integers(1, 30), st.integers(1, 9))
def test_equal_windows_have_equal_hashes(units: list[int], width: int, step: int) -> None:
    hashes = Sums(CODES[numpy.array(units)]).windows(width)
    windows = [tuple(units[start : start + width]) for start in range(len(units) - width + 1)]
    assert len(hashes) == len(windows)
    assert len(set(windows)) == len(set(zip(windows, hashes.tolist(), strict=True))) == len(set(hashes.tolist()))
    assert Sums(CODES[numpy.array(units)]).windows(width, step).tolist() == hashes[::step].tolist()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4)), max_size=60), st.lists(st.integers(0, 80), max_size=60))
def test_an_index_finds_what_it_holds(owned: list[tuple[int, int]], asked: list[int]) -> None:
    index = Index.of(numpy.array([gram for gram, _ in owned], numpy.uint64), numpy.array([owner for _, owner in owned], numpy.int64), 5)
    places, grams = index.find(numpy.array(asked, numpy.uint64))
    which, owners = index.owned(grams)
    found = {(asked[places[one]], owner) for one, owner in zip(which.tolist(), owners.tolist(), strict=True)}
    assert found == {(gram, owner) for gram, owner in owned if gram in asked}


def texts_like(items: list[Item], draw: random.Random, count: int) -> list[str]:
    """Texts that share stretches of some items, at odd places, among other words."""
    found = []
    for _ in range(count):
        own = draw.choice(items).text
        start = draw.randrange(len(own))
        piece = own[start : start + draw.randrange(10, 120)]
        found.append(" ".join(draw.choices(VOCABULARY, k=draw.randrange(20))) + " " + piece + draw.choice(["", ".", " 값을"]))
    return found


def some_items(draw: random.Random) -> list[Item]:
    """Items of words that texts have, too."""
    return [Item("bench", str(number), " ".join(draw.choices(VOCABULARY, k=30))) for number in range(20)]


@pytest.mark.parametrize(
    "language",
    [
        Segmentation(segmenter="words"),
        Segmentation(segmenter="words", endings="에서|는|을"),
        Segmentation(segmenter="characters"),
        Segmentation(segmenter="kiwi"),
    ],
)
def test_the_filter_before_the_segmenter_misses_nothing(language: Segmentation, monkeypatch: pytest.MonkeyPatch) -> None:
    if language.segmenter == "kiwi":  # any cut of a text into stretches of it keeps the promise that the filter stands on
        cut = lambda text: [letter for word in words(text) for letter in (word[:2], word[2:]) if letter]  # noqa: E731
        monkeypatch.setattr("koreason.curate.overlap.segment._kiwi", lambda: cut)
    draw = random.Random(7)
    items = some_items(draw)
    search = Morphemes(items, language)
    texts = texts_like(items, draw, 300)
    grams = {gram for item in items for gram in thirteens(search._cut(item.text))}
    sharing = {place for place, text in enumerate(texts) if grams & set(thirteens(search._cut(text)))}
    suspects = {first + text for first, block in blocks(pl.Series(texts)) for text in search.suspects(block)}
    assert 20 < len(sharing) < 300
    assert sharing <= suspects
    assert len(suspects) < len(sharing) + 60


def test_runs_of_windows_are_all_found_from_one_place_in_eight() -> None:
    draw = random.Random(3)
    items = some_items(draw)
    index, held = long_index(items)
    assert held
    texts = texts_like(items, draw, 200)
    for _, block in blocks(pl.Series(texts)):
        found = set(zip(*(column.tolist() for column in long_hits(block, index)), strict=True))
        slow = set()
        for text in range(len(block.texts)):
            hashes = hashes_of(block.letters_of(text), 30)
            places, grams = index.find(hashes)
            runs = numpy.split(numpy.arange(len(places)), numpy.flatnonzero(numpy.diff(places) != 1) + 1)
            for run in runs:
                if len(run) >= 8:
                    slow |= {(text, int(grams[at]), int(places[at] + block.starts[text])) for at in run}
        assert found == slow


def test_signatures_lead_to_all_that_a_look_at_every_stretch_finds() -> None:
    draw = random.Random(11)
    letters = [*"xyzkmn", "AB", "12", "37", "402", "5", "6", r"\sin", r"\omega", "1000"]
    items = [Item("bench", str(number), " + ".join(draw.choices(letters, k=12))) for number in range(30)]
    texts = []
    for _ in range(100):
        own = draw.choice(items).text.split(" + ")
        own[draw.randrange(12)] = draw.choice(letters)
        texts.append(" = ".join([*draw.choices(letters, k=draw.randrange(30)), *own, *draw.choices(letters, k=draw.randrange(30))]))
    search = Signature(items)
    block = Block(pl.Series(texts))
    tokens = tokens_of(block)
    begins = numpy.searchsorted(tokens.texts, numpy.arange(len(texts) + 1))
    slow = set()
    for text in range(len(texts)):
        for item in range(len(items)):
            long = int(begins[text + 1] - begins[text]) > 3 * int(search._reach[item])
            if search._held(block, tokens, text, item, int(begins[text]), int(begins[text + 1]), long):
                slow.add((text, item))
    found = {(found.text, found.item) for found in search.overlaps(block)}
    assert len(found) > 50
    assert slow <= found


def test_a_block_ends_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pl.Series(["가" * 10, None, "", "나다" * 400, "x"])
    whole = [block.letters_of(place) for _, block in blocks(texts) for place in range(len(block.texts))]
    for size in (1, 7, 100, 5000):
        monkeypatch.setattr(module, "BYTES", size)
        assert [block.letters_of(place) for _, block in blocks(texts) for place in range(len(block.texts))] == whole


def test_raw_words_are_what_a_set_of_tuples_finds() -> None:
    draw = random.Random(5)
    items = some_items(draw)
    texts = texts_like(items, draw, 200)
    search = RawWords(items)
    grams = {gram for item in items for gram in thirteens(item.text.split())}
    slow = {place for place, text in enumerate(texts) if grams & set(thirteens(text.split()))}
    fast = set()
    from koreason.curate.overlap.paper import _raw_grams

    block = Block(pl.Series(texts), raw=True)
    hashes, starts, _ = _raw_grams(block)
    fast = set(numpy.searchsorted(block.ends, starts[search._index.find(hashes)[0]]).tolist())
    assert fast == slow
    assert 10 < len(slow) < 200
