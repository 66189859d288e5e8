"""`koreason bench`: a benchmark's items, where they come from, what is refused, and that ours are right."""

import json
from fractions import Fraction
from math import comb, gcd, isqrt, lcm

import polars as pl
import pytest
import yaml

from koreason.answers.values import compare
from koreason.benches.items import Item, read_items
from koreason.cli import main
from koreason.config.effects import given
from koreason.records.digests import sha256_file
from koreason.records.manifest import read_manifest

ITEMS = [
    {"id": "b", "category": "number", "question": "2와 3의 합은?", "gold": "5"},
    {"id": "a", "category": "money", "question": "값은 모두 몇 원인가?", "gold": "5000"},
]


def spec(folder, items=None, **changes):
    """A benchmark over a file that is written for it."""
    path = folder / "items.jsonl"
    lines = [json.dumps(item, ensure_ascii=False) for item in (ITEMS if items is None else items)]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return {"kind": "math", "file": str(path), "sha256": sha256_file(path)} | changes


def bench(folder, entry, how="{}"):
    return main(["bench", "--spec", json.dumps(entry), "--how", how, "--out", str(folder / "out")])


def items_of(folder, entry):
    assert bench(folder, entry) == 0
    return read_items(folder / "out" / "manifest.json")


def refused(folder, capsys, entry, words):
    assert bench(folder, entry) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason: ")]
    assert words in line
    assert not list((folder / "out").glob("*"))


def ours(home, name):
    config = yaml.safe_load((home / "config" / "config.yaml").read_text(encoding="utf-8"))
    return given("bench", "benches", config["benches"][name])


def test_items_are_sorted_and_counted_and_the_same_wherever_the_file_lies(tmp_path):
    entry = spec(tmp_path)
    assert items_of(tmp_path, entry) == [Item(**{"options": [], "kind": "math", "cluster": item["id"], **item}) for item in reversed(ITEMS)]
    first = (tmp_path / "out" / "manifest.json").read_bytes()
    counts = {"items": 2, "categories": {"money": 1, "number": 1}, "kinds": {"math": 2}, "options": {"0": 2}, "clusters": 2}
    assert json.loads(first)["counts"] == counts
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes((tmp_path / "items.jsonl").read_bytes())
    what = {key: value for key, value in entry.items() if key != "file"}
    assert bench(tmp_path, what, json.dumps({"file": str(moved)})) == 0
    assert (tmp_path / "out" / "manifest.json").read_bytes() == first
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (run["spec"], run["how"]) == (what, {"file": str(moved)})


def test_a_kind_that_nobody_knows_is_refused(tmp_path, capsys):
    refused(tmp_path, capsys, spec(tmp_path, kind="short"), "kind: is 'short'; accepted: choice, math, mixed")


def test_our_choices_are_complete(home, tmp_path):
    items = items_of(tmp_path, ours(home, "ko_choice"))
    assert len(items) == 30
    assert all(len(item.options) == len(set(item.options)) == 4 and item.gold in "ABCD" for item in items)
    # no letter is so frequent that always naming it pays
    assert max(sum(item.gold == letter for item in items) for letter in "ABCD") <= 8


def test_our_values_are_right(home, tmp_path):
    primes = [n for n in range(2, 100) if all(n % d for d in range(2, n))]
    x = next(x for x in range(100) if 3 * x == 27)
    computed = [
        17 + 25,
        12 * 13,
        1000 - 387,
        3 * 4 + 2,
        Fraction(1, 2) + Fraction(1, 3),
        20000 * 85 // 100,
        48 // 6,
        Fraction(4) * Fraction(5, 2),
    ]
    computed += [gcd(12, 18), lcm(12, 18), primes[-1], sum(360 % d == 0 for d in range(1, 361)), pow(7, 100, 10)]
    computed += [sum(n % 3 == 0 or n % 5 == 0 for n in range(1, 101)), x, sum(r for r in range(-50, 50) if r * r - 5 * r + 6 == 0), 7 * 3]
    computed += ["\\sqrt{50}", (32).bit_length() - 1, sum(range(101)), 3 * 2**7, 3**2 - 2, 10 * 7 // 2, isqrt(5**2 + 12**2), "3^2 \\pi"]
    computed += [180 * 6 // 8, Fraction(sum(a + b == 7 for a in range(1, 7) for b in range(1, 7)), 36), comb(5, 2), 3 * 2**2 - 2, 3**3 // 3]
    items = items_of(tmp_path, ours(home, "ko_math"))
    assert len(items) == len(computed) == 30
    for item, value in zip(items, computed, strict=True):
        assert compare(item.gold, str(value)) == "correct", item


@pytest.mark.parametrize(
    ("items", "changes", "words"),
    [
        (None, {"file": "/nowhere/items.jsonl"}, "no such benchmark file"),
        (None, {"file": "$NO_SUCH_VARIABLE/items.jsonl"}, "NO_SUCH_VARIABLE"),
        (None, {"sha256": "0" * 64}, "SHA-256"),
        (None, {"sha256": None}, "sha256"),
        (None, {"file": None}, "exactly one"),
        (None, {"hub": "a/b"}, "exactly one"),
        (None, {"columns": {"title": "question"}}, "title"),
        ([], {}, "holds no items"),
        ([{"id": "a", "question": "?", "gold": "1"}] * 2, {}, "'a'"),
        ([{"id": "a", "question": "?"}], {}, "gold"),
        ([{"id": "a", "question": " ", "gold": "1"}], {}, "question"),
        ([{"id": "a", "question": "?", "gold": "E", "options": ["1", "2"]}], {"kind": "choice"}, "label"),
        ([{"id": "a", "question": "?", "gold": "대전", "options": ["서울", "부산"]}], {"kind": "choice"}, "label"),
        ([{"id": "a", "question": "?", "gold": "A", "options": "서울"}], {"kind": "choice"}, "options"),
        (["text"], {}, "items.jsonl:1"),
        (None, {"file": None, "sha256": None, "hub": "/nowhere"}, "no such folder"),
        (None, {"file": None, "sha256": None, "hub": "a/b", "revision": "main"}, "full commit id"),
    ],
)
def test_bad_items_are_refused_in_one_line(tmp_path, capsys, items, changes, words):
    refused(tmp_path, capsys, spec(tmp_path, items, **changes), words)


@pytest.mark.parametrize(
    ("second", "words"), [(b'{"id": "c', "not JSON"), ('{"question": "값"}'.encode("cp949"), "not UTF-8"), (b"[1]\n", "not a JSON object")]
)
def test_a_line_that_is_none_is_named(tmp_path, capsys, second, words):
    path = tmp_path / "torn.jsonl"
    path.write_bytes(b'{"id": "a", "question": "?", "gold": "1"}\n' + second)
    refused(tmp_path, capsys, spec(tmp_path, file=str(path), sha256=sha256_file(path)), f"torn.jsonl:2: {words}")


def test_another_file_under_the_same_digest_is_refused(tmp_path, capsys):
    entry = spec(tmp_path)
    with open(tmp_path / "items.jsonl", "a", encoding="utf-8") as file:
        file.write("\n")
    refused(tmp_path, capsys, entry, "mend 'sha256' and raise 'version'")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_a_local_data_set(tmp_path, capsys, suffix):
    folder = tmp_path / "data"
    for subset in ("Math", "Other"):
        (folder / subset).mkdir(parents=True)
        for split in ("test", "train"):
            frame = pl.DataFrame({"problem": [f"{subset} {split}?"], "solution": ["7"]})
            write = {".parquet": frame.write_parquet, ".jsonl": frame.write_ndjson, ".csv": frame.write_csv}[suffix]
            write(folder / subset / f"{split}-00000-of-00001{suffix}")
    entry = {"kind": "math", "hub": str(folder), "name": "Math", "columns": {"question": "problem", "gold": "solution"}}
    [item] = items_of(tmp_path, entry | {"split": "test"})
    assert (item.id, item.question, item.gold) == ("000001", "Math test?", "7")
    assert bench(tmp_path, entry | {"split": "validation"}) == 2
    assert "split 'validation'" in capsys.readouterr().err


def test_a_data_set_on_the_hub_is_missing_offline(run, tmp_path):
    entry = json.dumps({"kind": "math", "hub": "nobody/nothing", "revision": "0" * 40, "split": "test"})
    result = run("bench", "--spec", entry, "--out", tmp_path / "out", HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert result.returncode == 2 and "nobody/nothing" in result.stderr and "Traceback" not in result.stderr


GOLDS = [("②", "B"), ("(2)", "B"), ("2번", "B"), ("b.", "B"), (2.0, "B"), (["B"], "B"), ("서울", "B"), (" 서울. ", "B"), ("❷", "B")]


def test_gold_of_a_choice_in_every_form(tmp_path):
    items = [{"id": str(n), "question": "수도는?", "options": ["부산", "서울", "대전"], "gold": gold} for n, (gold, _) in enumerate(GOLDS)]
    assert [item.gold for item in items_of(tmp_path, spec(tmp_path, items, kind="choice"))] == [label for _, label in GOLDS]
    inside = [{"id": "a", "question": "수도는? ① 부산 ② 서울", "gold": "서울"}]
    assert [item.gold for item in items_of(tmp_path, spec(tmp_path, inside, kind="choice"))] == ["서울"]


def test_kinds_may_stand_per_item_and_golds_may_differ_in_type(tmp_path):
    rows = [{"id": f"{n:03d}", "question": "2+3?", "gold": 5, "kind": None} for n in range(120)]
    rows += [{"id": "a", "question": "?", "gold": "x+1"}, {"id": "b", "question": "? ① 1 ② 2", "gold": "②", "kind": "choice"}]
    rows += [{"id": "c", "question": "해는?", "gold": [1, 2.5]}]
    found = items_of(tmp_path, spec(tmp_path, rows))
    assert [(item.kind, item.gold) for item in found[-4:]] == [("math", "5"), ("math", "x+1"), ("choice", "B"), ("math", "1, 2.5")]
    folder = tmp_path / "hub"
    folder.mkdir()
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert len(items_of(tmp_path, {"kind": "math", "hub": str(folder)})) == len(rows)


@pytest.mark.parametrize(
    ("gold", "kind", "words"),
    [
        ("NaN", "math", "its gold is nan"),
        ("true", "math", "its gold is true"),
        ("false", "choice", "its gold is false"),
        ("null", "math", "lacks 'gold'"),
        ('""', "math", "lacks 'gold'"),
        ('{"a": 1}', "math", "its gold is an object"),
        ('["A", "B"]', "choice", "its gold names 2 options"),
        ('"대전"', "choice", "its gold '대전' is no label of 10 options"),
        ("Infinity", "math", "its gold is inf"),
    ],
)
def test_a_gold_that_is_none_is_refused_by_line(tmp_path, capsys, gold, kind, words):
    path = tmp_path / "odd.jsonl"
    path.write_text(
        '{"id": "a", "question": "수도는?", "gold": "1"}\n{"id": "b", "question": "수도는?", "gold": ' + gold + "}\n", encoding="utf-8"
    )
    assert bench(tmp_path, {"kind": kind, "file": str(path), "sha256": sha256_file(path)}) == 2
    assert f"odd.jsonl:2: {words}" in capsys.readouterr().err


def test_gold_of_a_choice_is_a_label(tmp_path):
    golds = [("b", "B"), (2, "B"), ("1", "A")]
    items = [{"id": str(n), "question": "수도는?", "options": ["부산", "서울"], "gold": gold} for n, (gold, _) in enumerate(golds)]
    assert [item.gold for item in items_of(tmp_path, spec(tmp_path, items, kind="choice"))] == [label for _, label in golds]
    assert read_manifest(tmp_path / "out")["counts"]["options"] == {"2": 3}


def test_an_item_that_stands_alone_is_of_no_passage_of_its_name(tmp_path):
    items = [
        {"id": 1, "question": "2+3?", "gold": 5},
        {"id": 2, "question": "2+4?", "gold": 6, "cluster": 1},
        {"id": 3, "question": "2+5?", "gold": 7, "cluster": 1},
    ]
    found = {item.id: item.cluster for item in items_of(tmp_path, spec(tmp_path, items))}
    assert found == {"1": "1 (alone)", "2": "1", "3": "1"}
