"""Benchmarks that must not lie in the clear, through `koreason seal` and `koreason decontaminate`."""

import json
import random

import numpy
import polars as pl
import pytest
import yaml

from koreason.cli import main
from koreason.curate.overlap.hashed.siphash import siphash
from tests.curate.overlap.made import bench, decontaminate, texts
from tests.curate.overlap.test_decontaminate import FOOT, ITEM, OTHER, filler

LONG = f"{OTHER} 다만 둘레와 넓이의 단위는 각각 센티미터와 제곱센티미터이고 네 변은 모두 정수이다."
KEY = "fifteen and one."
SHORT = "백열일곱 곱하기 서른셋에 마흔하나를 더하고 여섯으로 나눈 값을 말하고 까닭을 쓰시오."


@pytest.fixture
def sealed(tmp_path, monkeypatch, capsys) -> dict:
    """The pool's keys for a sealed benchmark."""
    monkeypatch.setenv("KOREASON_SEAL_KEY", KEY)
    made = bench(tmp_path / "secret", {"a": ITEM, "b": LONG, "c": SHORT, "d": "짧다"})
    assert main(["seal", "--bench", str(made), "--out", str(tmp_path / "secret.parquet")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("# 3 of 4 items; the others are too short.")
    return yaml.safe_load(said)


def test_siphash_is_the_published_one():
    key = tuple(int.from_bytes(bytes(range(first, first + 8)), "little") for first in (0, 8))
    assert siphash(key, numpy.array([int.from_bytes(bytes(range(8)), "little")], numpy.uint64)).tolist() == [0x93F5F5799A932462]


def test_what_is_sealed_is_found_and_names_item_and_span(tmp_path, sealed):
    asked = [*filler(3), f"질문입니다. {ITEM} 도와주세요.", f"{FOOT} {LONG[:70]}", f"{SHORT} 빨리요", LONG[:20]]
    found = decontaminate(tmp_path / "out", [texts(tmp_path / "forum", asked)], [], max_bench_share=1, **sealed)
    assert found.select("prompt_id", "bench", "item_id", "method").rows() == [
        ("forum-000003", "secret", "a", "sealed"),
        ("forum-000004", "secret", "b", "sealed"),
        ("forum-000005", "secret", "c", "sealed"),
    ]
    assert all(span in text for span, text in zip(found["span"], asked[3:], strict=False))
    counts = json.loads((tmp_path / "out" / "manifest.json").read_text())["counts"]
    assert counts["items"] == {"secret": 3}
    assert KEY not in "".join(path.read_text() for path in (tmp_path / "out").glob("*.json"))


def test_it_finds_what_lies_in_the_clear_would_find(tmp_path, sealed):
    draw = random.Random(5)
    asked = [*filler(40), *(f"{text[cut:]} 무엇일까요" for text in (ITEM, LONG) for cut in draw.sample(range(45), 12))]
    source = texts(tmp_path / "forum", asked)
    clear = decontaminate(tmp_path / "clear", [source], [bench(tmp_path / "clear_bench", {"a": ITEM, "b": LONG})], max_bench_share=1)
    hidden = decontaminate(tmp_path / "hidden", [source], [], max_bench_share=1, **sealed)
    by_characters = clear.filter(pl.col("method") == "characters")
    assert by_characters.select("prompt_id", "item_id").rows() == hidden.select("prompt_id", "item_id").rows() != []


def test_without_the_key_nothing_is_to_be_had(tmp_path, sealed, monkeypatch, capsys):
    frame = pl.read_parquet(tmp_path / "secret.parquet")
    monkeypatch.setenv("KOREASON_SEAL_KEY", "another key, another seal")
    made = bench(tmp_path / "again" / "secret", {"a": ITEM})
    assert main(["seal", "--bench", str(made), "--out", str(tmp_path / "other.parquet")]) == 0
    capsys.readouterr()
    other = pl.read_parquet(tmp_path / "other.parquet")
    assert not set(frame["windows"].explode()) & set(other["windows"].explode())
    source = texts(tmp_path / "forum", [ITEM])

    def refused(words, **spec):
        arguments = ["--spec", json.dumps(sealed | spec), "--language", "{}", "--in", str(source), "--out", str(tmp_path / "out")]
        assert main(["decontaminate", *arguments]) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1 and KEY not in said

    refused("sealed with another key")
    monkeypatch.setenv("KOREASON_SEAL_KEY", "short")
    refused("has fewer than 16 characters")
    monkeypatch.delenv("KOREASON_SEAL_KEY")
    refused("is not set")
    refused("names no environment variable", seal_key=KEY)
    refused("seal_key: is not set", seal_key=None)
    refused("its SHA-256 is", sealed={"secret.parquet": "0" * 64})
    (tmp_path / "secret.parquet").write_bytes(b"PAR1")
    refused("its SHA-256 is")


def test_the_seal_is_the_same_every_time(tmp_path, sealed):
    first = (tmp_path / "secret.parquet").read_bytes()
    assert main(["seal", "--bench", str(tmp_path / "secret" / "manifest.json"), "--out", str(tmp_path / "secret.parquet")]) == 0
    assert (tmp_path / "secret.parquet").read_bytes() == first
    assert ITEM[:10].encode() not in first
