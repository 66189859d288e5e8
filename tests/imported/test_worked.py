"""Generated word problems: what the generator makes is what lies in data, is known to be right, and is apart from what is held out."""

import gzip
import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from types import ModuleType
from typing import Any

import pytest
from workflow_copy import HOME, read_config

from koreason.records.digests import sha256_file

PROOF = HOME / "data" / "proof"
DEMO = HOME / "data" / "demo" / "worked.jsonl"
BENCH = HOME / "data" / "benches" / "held_out_pairs.jsonl"  # the demo's, too
# as data/proof/README.md and docs/imported.md give them
MADE = {
    DEMO: "160 --seed 1",
    BENCH: "60 --seed 2 --of pairs --items",
    PROOF / "training.jsonl.gz": "304 --seed 1 --set proof --arms",
    PROOF / "pairs.jsonl": "60 --seed 2 --set proof --of pairs --items",
    PROOF / "templates.jsonl": "60 --seed 2 --set proof --of templates --items",
}
WORKS = {"+": int.__add__, "-": int.__sub__, "×": int.__mul__, "÷": int.__floordiv__}


@pytest.fixture(scope="module")
def worked() -> ModuleType:
    spec = importlib.util.spec_from_file_location("worked", HOME / "data/demo/worked.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["worked"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def read(path: Any) -> list[dict[str, str]]:
    text = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(text) if path.suffix == ".gz" else text).splitlines()]


def generator(words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, HOME / "data/demo/worked.py", *words.split()], capture_output=True, check=False)


def numbers(question: str) -> tuple[int, ...]:
    return tuple(sorted(int(found) for found in re.findall(r"\d+", question)))


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_each_file_is_made_again_byte_for_byte_and_is_the_catalogues(path: Any) -> None:
    made = generator(MADE[path]).stdout
    assert made == (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    config = read_config(HOME / "config", "proof" if path.parent == PROOF else "demo")
    benches = [each for each in config["benches"].values() if each.get("file", "").endswith(path.name)]
    known = [{each["file"].rpartition("/")[2]: each["sha256"]} for each in benches]
    known += [each["files"] for each in config["imported"].values()]
    assert {path.name: sha256_file(path)} in known


def test_what_is_boxed_is_right_and_the_thinking_comes_to_it() -> None:
    rows = read(DEMO)
    assert len(rows) == len({row["instruction"] for row in rows}) == 160
    for row in rows:
        think, answer = row["response"].removeprefix("<think>\n").split("\n</think>\n\n")
        assert said(think) == int(row["gold"]) and re.findall(r"\\boxed\{(.*?)\}", answer) == [row["gold"]]
        assert set(re.findall(r"(\d+) [-+×÷] (\d+) =", think)[0]) <= set(re.findall(r"\d+", row["instruction"]))


def said(think: str, right: bool = True) -> int:
    """The result to which a thinking comes, and whether it is right."""
    found = re.search(r"(\d+) ([-+×÷]) (\d+) = (\d+)\.", think)
    assert found
    left, sign, second, result = found.groups()
    assert (WORKS[sign](int(left), int(second)) == int(result)) == right
    return int(result)


def test_the_proofs_arms_have_one_question_each_and_the_same_wording() -> None:
    rows = read(PROOF / "training.jsonl.gz")
    assert len({row["question"] for row in rows}) == 304
    for row in rows:
        assert {said(row[way]) for way in ("mixed", "english", "korean")} == {int(row["gold"])}
        wrong = said(row["permuted"], right=False)
        for other, way in (("permuted", "mixed"), ("permuted_answer", "answer")):
            assert re.sub(r"\d+", "0", row[other]) == re.sub(r"\d+", "0", row[way]), "only numbers differ"
        assert set(re.findall(r"\d+", row["permuted_answer"])) == {f"{wrong}"}
        units_aside = re.sub(r"(\d|몇) (cm|kg|km|m)(?![a-z])", "", row["korean"])
        assert not re.search("[가-힣]", row["english"]) and not re.search("[A-Za-z]", units_aside)
    for template in {row["template"] for row in rows}:
        right, wrong = (
            Counter(said(row[way], way == "mixed") for row in rows if row["template"] == template) for way in ("mixed", "permuted")
        )
        assert right == wrong, f"{template}: the same results, elsewhere"


def test_what_the_proof_asks_shares_no_numbers_with_what_it_trains_on_and_half_of_it_no_kind() -> None:
    trained, pairs, templates = (read(PROOF / name) for name in ("training.jsonl.gz", "pairs.jsonl", "templates.jsonl"))
    taught = {numbers(row["question"]) for row in trained}
    for asked in (pairs, templates):
        assert not {numbers(row["question"]) for row in asked} & taught, "in either order"
        assert len({(row["gold"], numbers(row["question"])) for row in asked}) == 60, "each item stands for itself"
    kinds = {row["template"] for row in trained}
    assert {row["category"] for row in pairs} == kinds and not {row["category"] for row in templates} & kinds


def words(kind: Any) -> set[str]:
    """The words of a kind's question without numbers, names and things."""
    return set(re.sub(r"\{[ab]\}\S*|\{\w+\}|[.,?]", "", kind.question).split())


def test_each_kind_of_the_proof_quotes_its_question_and_what_is_held_out_is_worded_by_itself(worked: ModuleType) -> None:
    taught, others = worked.TAUGHT, worked.OTHERS
    for name, kind in (taught | others).items():
        first, second, cue = re.fullmatch(r'The numbers are (.+) and (.+?)\. "(.+)" means .+\.', kind.mixed).groups()
        assert kind.question.index(first) < kind.question.index(second) and cue in kind.question, name
    for name, kind in others.items():
        shared, nearest = max((len(words(kind) & words(each)), of) for of, each in taught.items())
        assert shared <= len(words(kind)) / 2, f"{name} is worded as {nearest}"


@pytest.mark.parametrize("one_in", [2, 5])
def test_which_templates_and_pairs_are_held_out_is_said(worked: ModuleType, one_in: int) -> None:
    split = worked.Split(("boxes", "share", "rows", "both"), ("rows", "share"), one_in, None)
    made = {of: list(worked.problems(30, 3, of, split)) for of in worked.PARTS}
    kinds = {of: {each.template for each in each_of} for of, each_of in made.items()}
    assert kinds == {"training": {"boxes", "both"}, "pairs": {"boxes", "both"}, "templates": {"rows", "share"}}
    for of, each_of in made.items():
        assert {split.pair_is_held_out(each.a, each.b) for each in each_of} == {of != "training"}


def test_permuted_results_are_other_problems_and_never_right(worked: ModuleType) -> None:
    made = list(worked.problems(60, 3))
    wrong = worked.permuted(made, 1)
    assert all(result != each.gold for result, each in zip(wrong, made, strict=True))
    assert worked.permuted(made, 1) == wrong != worked.permuted(made, 2)
    with pytest.raises(ValueError, match="both: more than half of the problems have one result"):
        worked.permuted([next(each for each in made if each.template == "both")] * 3, 1)


def test_too_many_problems_and_unknown_templates_end_with_one_line() -> None:
    done = generator("200 --of pairs")
    *_, last = done.stderr.decode().splitlines()
    assert done.returncode == 2 and re.fullmatch(r"worked.py: error: there are only \d+ different problems", last)
    done = generator("5 --templates boxes,circles")
    assert done.returncode == 2 and "circles: unknown; there are receive, both" in done.stderr.decode()
