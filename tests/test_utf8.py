"""Characters known by their bytes, against each looked at by itself."""

import itertools
import random

import numpy
import polars as pl
import pytest

from koreason.columns import utf8
from koreason.columns.suspects import holding, members
from koreason.columns.utf8 import Table, between, counted
from koreason.curate.near.forms import INVISIBLE
from koreason.curate.text.dirt import SUSPECT
from koreason.curate.text.normalise import ODD
from koreason.switching import letters
from koreason.switching.characters import kinds

CLASSES = (INVISIBLE, ODD, SUSPECT, "[가-나]", r"[\x{10000}-\x{10FFFF}]", r"\r\n?|[x\x{3164}]", "[^가]")
POINTS = numpy.concatenate([numpy.arange(0xD800), numpy.arange(0xE000, 0x110000)])
TABLES = {
    "korean": Table(kinds(("Hangul",)), (1, 5)),
    "japanese": Table(kinds(("Han", "Kana"))),
    "scripts": letters.table(),
    "seven bits": Table(numpy.random.default_rng(1).integers(0, 128, 0x110000).astype(numpy.uint8)),
    "nothing": Table(numpy.zeros(0x110000, numpy.uint8)),
    "classes": Table(members(*CLASSES)),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_character_is_known(name):
    points = numpy.random.default_rng(2).permutation(POINTS)
    data = points.astype("<u4").tobytes().decode("utf-32-le").encode()
    marks, raw = TABLES[name].marks(data), numpy.frombuffer(data, numpy.uint8)
    begins = numpy.flatnonzero((raw & 0xC0) != 0x80)
    assert (marks[begins] == TABLES[name].of[points]).all()
    marks[begins] = 0
    assert not marks.any() and len(marks) % 8 == 0 and len(marks) >= len(data) + 8


@pytest.mark.parametrize("data", [b"", b"a", "가".encode(), "\U0010ffff".encode()])
def test_marks_of_little(data):
    mark = {"a": 4, "가": 5}.get(data.decode(), 0)
    assert TABLES["korean"].marks(data).tolist() == [mark * (part == 0) for part in range(len(data))] + [0] * (8 + -len(data) % 8)


@pytest.mark.parametrize("many", [0, 20, 600])
def test_marks_between(many):
    draw = random.Random(3)
    marks = numpy.zeros(4096 + 8, numpy.uint8)
    marks[:4096] = draw.choices(range(8), k=4096)
    edges = numpy.array(sorted([0, 0, 8, 16, 17, 17, 4096, 4096, *draw.choices(range(4097), k=many)]))
    for bit in (1, 4, 6):
        runs = [marks[first:last].tolist() for first, last in itertools.pairwise(edges)]
        assert between(marks, bit, edges).tolist() == [sum((mark & bit).bit_count() for mark in run) for run in runs]


@pytest.mark.parametrize("size", [1, 64, 1 << 18])
def test_texts_that_hold_a_character_of_a_class(size, monkeypatch):
    monkeypatch.setattr(utf8, "BLOCK_BYTES", size)
    draw = random.Random(size)
    near = [chr(code + step) for code in (0x41, 0xAD, 0x3164, 0xAC00, 0xB098, 0xD7A3, 0xFE0F, 0x1F600, 0xE0100) for step in range(-2, 3)]
    texts = ["".join(draw.choices([*"가나다 abc\n", "라마바사", draw.choice(near)], k=draw.randrange(60))) for _ in range(1500)]
    texts += [None, "", *"\r\n가나", *(chr(draw.randrange(0x110000)).encode(errors="replace").decode() for _ in range(500))]
    series = pl.Series(texts, dtype=pl.String)
    for pattern, rows in zip(CLASSES, holding(series, *CLASSES), strict=True):
        assert rows.tolist() == series.str.contains(pattern).fill_null(False).arg_true().to_list(), pattern
    korean = series.str.count_matches("[가-힣\u1100-\u115e\u1161-\u11ff\u3131-\u3163\u3165-\u318f]").fill_null(0)
    assert counted(series, TABLES["korean"], [1])[0].tolist() == korean.to_list()
    assert counted(pl.Series([], dtype=pl.String), TABLES["korean"], [1, 2]).shape == (2, 0)
