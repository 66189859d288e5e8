"""Sketches and similarities against plain sets."""

import random

import alike_plainly as plain
import numpy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koreason.minhash import sketches
from koreason.minhash.candidates import REPRESENTATIVES, WHOLE, Rounds, shared
from koreason.minhash.forms import forms_of
from koreason.minhash.groups import NONE, Groups
from koreason.minhash.jaccard import similarities
from koreason.minhash.sketches import BANDS, bands

ALPHABET = "".join(chr(0xAC00 + 37 * number) for number in range(300))


def form(texts: list[str]):
    return forms_of(pl.Series(texts, dtype=pl.String))


def sketched(texts: list[str], guard: int = 0) -> numpy.ndarray:
    return bands(form(texts), numpy.full(len(texts), guard, numpy.uint64))[0]


@given(st.lists(st.tuples(st.text("가나다라ab1", max_size=20), st.text("가나다라ab1", max_size=20)), max_size=6))
def test_similarities_are_those_of_sets(pairs: list[tuple[str, str]]) -> None:
    left, right = ([pair[side] for pair in pairs] for side in (0, 1))
    expected = [plain.jaccard(plain.grams(one), plain.grams(other)) for one, other in pairs]
    assert alike(left, right).tolist() == expected


@given(st.lists(st.tuples(st.text("가나다라ab1", max_size=20), st.text("가나다라ab1", max_size=20)), max_size=6), st.floats(0.01, 1.0))
def test_no_pair_that_is_similar_enough_is_passed_over(pairs: list[tuple[str, str]], least: float) -> None:
    left, right = ([pair[side] for pair in pairs] for side in (0, 1))
    exact = alike(left, right)
    found = alike(left, right, least)
    assert found[exact >= least].tolist() == exact[exact >= least].tolist()
    assert ((found == exact) | (found == 0)).all()


def test_most_pairs_that_are_not_similar_enough_are_passed_over() -> None:
    ones, others = varied(random.Random(5), 300, 200)
    mixed = [one[:200] + other[200:] for one, other in zip(ones, others[1:] + others[:1], strict=True)]
    assert alike(ones, mixed).min() > 0.4
    assert alike(ones, mixed, 0.8).sum() == 0


def alike(left: list[str], right: list[str], least: float = 0.0) -> numpy.ndarray:
    places = numpy.arange(len(left))
    return similarities(form(left + right), places, places + len(left), least)


def varied(draw: random.Random, length: int, count: int) -> tuple[list[str], list[str]]:
    """Texts and the same ones with some letters changed."""
    ones = ["".join(draw.choices(ALPHABET, k=length)) for _ in range(count)]
    others = []
    for text in ones:
        letters = list(text)
        for _ in range(draw.randrange(max(1, length // 40) + 1)):
            letters[draw.randrange(length)] = draw.choice(ALPHABET)
        others.append("".join(letters))
    return ones, others


@pytest.mark.parametrize("length", [24, 60, 150, 400, 1500])
def test_recall_is_that_of_the_formula(length: int) -> None:
    ones, others = varied(random.Random(length), length, 600)
    similarity = alike(ones, others)
    hit = (sketched(ones) == sketched(others)).any(axis=1)
    near = similarity >= 0.8
    expected = (1 - (1 - similarity[near] ** sketches.ROWS) ** BANDS).mean()
    assert near.sum() > 100
    assert hit[near].mean() > max(0.95, expected - 0.02)  # 128 permutations in 16 bands of 8: 0.947 at 0.8
    strangers = sketched(["".join(random.Random(number).choices(ALPHABET, k=length)) for number in range(300)])
    assert len(numpy.unique(strangers)) == strangers.size


def test_a_sketch_depends_on_its_text_only() -> None:
    ones, _ = varied(random.Random(3), 90, 300)
    alone = numpy.concatenate([sketched([text]) for text in ones])
    assert (sketched([*ones, "가" * 70_000])[: len(ones)] == alone).all()
    assert not (sketched(ones, guard=1) == alone).any()


def test_too_short_and_too_long_have_no_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "LONGEST", 50)
    found, some = bands(form(["", "가나다라", "가나다라마", "가" * 51, "나" * 50]), numpy.zeros(5, numpy.uint64))
    assert some.tolist() == [False, False, True, False, True]
    assert (found[[2, 4]] != 0).all()


def pairs_of(sizes: list[int], joined=lambda first, second: numpy.zeros(len(first), bool)) -> tuple[list, int]:
    keys = numpy.repeat(numpy.arange(len(sizes), dtype=numpy.uint64), sizes)
    found = Rounds(shared(keys, numpy.arange(len(keys))), joined)
    return [pair for first, second in found for pair in zip(first.tolist(), second.tolist(), strict=True)], found.left


def test_small_buckets_are_compared_whole() -> None:
    pairs, left = pairs_of([3, 1, 2])
    assert sorted(pairs) == [(0, 1), (0, 2), (1, 2), (4, 5)]
    assert left == 0
    assert len(set(pairs_of([WHOLE])[0])) == WHOLE * (WHOLE - 1) / 2


def test_a_huge_bucket_is_compared_with_few() -> None:
    pairs, left = pairs_of([100_000])
    assert len(pairs) == len(set(pairs)) < REPRESENTATIVES * 100_000
    assert left == 100_000 - REPRESENTATIVES
    pairs, left = pairs_of([100_000], joined=lambda first, second: numpy.ones(len(first), bool))
    assert (len(pairs), left) == (99_999, 0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.8, 0.9, 1.0])), max_size=15), st.randoms())
def test_groups_do_not_depend_on_the_order_of_pairs(pairs: list[tuple[int, int, float]], draw: random.Random) -> None:
    pairs = [(min(pair[:2]), max(pair[:2]), pair[2]) for pair in pairs if pair[0] != pair[1]]
    results = []
    for _ in range(2):
        groups = Groups(10)
        for one, other, similarity in pairs:
            groups.join(numpy.array([one]), numpy.array([other]), numpy.array([similarity]))
        results.append((groups.roots().tolist(), groups.twins.tolist(), groups.similarity.tolist()))
        draw.shuffle(pairs)
    assert results[0] == results[1]
    expected = {number: min(group) for group in plain.groups(10, {pair[:2] for pair in pairs}) for number in group}
    assert results[0][0] == [expected.get(number, number) for number in range(10)]
    assert [twin == NONE for twin in results[0][1]] == [number not in expected for number in range(10)]
