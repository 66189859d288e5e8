"""Items of a benchmark: where they come from, what is refused, and that ours are right."""

import json
from fractions import Fraction
from math import comb, gcd, isqrt, lcm

import polars as pl
import pytest
import yaml

from koreason.errors import UserError
from koreason.evaluate.benches import answer_seed, load_items, question_text
from koreason.evaluate.spec import Bench
from koreason.evaluate.values import compare
from koreason.manifest import sha256_file
from koreason.settings import load


def bench(workbench, items=None, **changes):
    return load(Bench, json.loads(workbench.spec(items, **changes)))


def ours(home, name):
    config = yaml.safe_load((home / "config" / "config.yaml").read_text(encoding="utf-8"))
    return load(Bench, config["benches"][name])


def test_our_choices_are_complete(home):
    items = load_items(ours(home, "ko_choice"))
    assert len(items) == 30
    assert all(len(item.options) == len(set(item.options)) == 4 and item.gold in "ABCD" for item in items)
    # no letter is so frequent that always naming it pays
    assert max(sum(item.gold == letter for item in items) for letter in "ABCD") <= 8


def test_our_values_are_right(home):
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
    items = load_items(ours(home, "ko_math"))
    assert len(items) == len(computed) == 30
    for item, value in zip(items, computed, strict=True):
        assert compare(item.gold, str(value)) == "correct", item


def test_a_question_shows_labelled_options_and_the_instruction(workbench):
    [item] = load_items(bench(workbench, [{"id": 1, "question": "수도는?", "options": ["부산", "서울"], "gold": 2}], kind="choice"))
    assert (item.id, item.gold) == ("1", "B")
    assert question_text(item, "상자에 쓰세요.") == "수도는?\n\nA. 부산\nB. 서울\n\n상자에 쓰세요."


def test_seeds_belong_to_item_and_repeat():
    seeds = {answer_seed(seed, item, repeat) for seed in (1, 2) for item in ("a", "b") for repeat in (0, 1)}
    assert len(seeds) == 8 and all(0 <= seed < 2**31 for seed in seeds)
    assert answer_seed(1, "a", 0) == answer_seed(1, "a", 0)


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
        ([{"id": "a", "question": "?", "gold": "서울", "options": ["서울", "부산"]}], {"kind": "choice"}, "label"),
        ([{"id": "a", "question": "?", "gold": "A", "options": "서울"}], {"kind": "choice"}, "options"),
        (["text"], {}, "items.jsonl:1"),
        (None, {"file": None, "sha256": None, "hub": "/nowhere"}, "no such folder"),
        (None, {"file": None, "sha256": None, "hub": "a/b", "revision": "main"}, "full commit id"),
    ],
)
def test_bad_items_are_refused_in_one_line(workbench, items, changes, words):
    with pytest.raises(UserError) as error:
        load_items(bench(workbench, items, **changes))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_torn_line_is_named(workbench):
    path = workbench.folder / "torn.jsonl"
    path.write_text('{"id": "a", "question": "?", "gold": "1"}\n{"id": "c', encoding="utf-8")
    with pytest.raises(UserError, match=r"torn\.jsonl:2"):
        load_items(bench(workbench, file=str(path), sha256=sha256_file(path)))


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_a_local_data_set(workbench, tmp_path, suffix):
    folder = tmp_path / "data"
    for subset in ("Math", "Other"):
        (folder / subset).mkdir(parents=True)
        for split in ("test", "train"):
            frame = pl.DataFrame({"problem": [f"{subset} {split}?"], "solution": ["7"]})
            write = {".parquet": frame.write_parquet, ".jsonl": frame.write_ndjson, ".csv": frame.write_csv}[suffix]
            write(folder / subset / f"{split}-00000-of-00001{suffix}")
    columns = {"question": "problem", "gold": "solution"}
    spec = bench(workbench, file=None, sha256=None, hub=str(folder), name="Math", split="test", columns=columns)
    [item] = load_items(spec)
    assert (item.id, item.question, item.gold) == ("000001", "Math test?", "7")
    with pytest.raises(UserError, match="split 'validation'"):
        load_items(bench(workbench, file=None, sha256=None, hub=str(folder), split="validation", columns=columns))


def test_a_data_set_on_the_hub_is_missing_offline(run, workbench, tmp_path):
    generations = workbench.generations([("a", 0, "", "stop")])
    spec = workbench.spec(file=None, sha256=None, hub="nobody/nothing", revision="0" * 40, split="test")
    result = run(
        "data",
        "score",
        "--spec",
        spec,
        "--generations",
        generations,
        "--out",
        tmp_path / "scores",
        HF_HUB_OFFLINE="1",
        HF_HOME=str(tmp_path),
    )
    assert result.returncode == 2 and "nobody/nothing" in result.stderr and "Traceback" not in result.stderr
