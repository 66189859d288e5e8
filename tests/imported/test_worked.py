"""The demo's finished traces: what the generator makes is what lies in data/demo, known to be right, and apart from what is held out."""

import importlib.util
import json
import re
import subprocess
import sys

import pytest
from workflow_copy import HOME, read_config

from koreason.records.digests import sha256_file

FILE, COUNT, SEED = HOME / "data/demo/worked.jsonl", 160, 1


@pytest.fixture(scope="module")
def worked():
    spec = importlib.util.spec_from_file_location("worked", HOME / "data/demo/worked.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["worked"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_file_is_made_again_byte_for_byte_and_is_the_catalogues():
    command = [sys.executable, HOME / "data/demo/worked.py", str(COUNT), "--seed", str(SEED)]
    assert subprocess.run(command, check=True, capture_output=True).stdout == FILE.read_bytes()
    entry = read_config(HOME / "config", "demo")["imported"]["demo_worked"]
    assert entry["files"] == {FILE.name: sha256_file(FILE)}


def test_what_is_boxed_is_right_and_the_thinking_comes_to_it():
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == len({row["instruction"] for row in rows}) == COUNT
    works = {"+": int.__add__, "-": int.__sub__, "×": int.__mul__, "÷": int.__floordiv__}
    for row in rows:
        think, answer = row["response"].removeprefix("<think>\n").split("\n</think>\n\n")
        left, sign, right, result = re.search(r"(\d+) ([-+×÷]) (\d+) = (\d+)\.", think).groups()
        assert works[sign](int(left), int(right)) == int(result) == int(row["gold"])
        assert re.findall(r"\\boxed\{(.*?)\}", answer) == [row["gold"]]
        assert {left, right} <= set(re.findall(r"\d+", row["instruction"]))


def test_held_out_problems_share_no_numbers_and_no_kind(worked):
    made = {of: list(worked.problems(60, 3, of)) for of in ("training", "pairs", "templates")}
    numbers = {of: {tuple(re.findall(r"\d+", each.question)[:2]) for each in each_of} for of, each_of in made.items()}
    kinds = {of: {each.template for each in each_of} for of, each_of in made.items()}
    assert not numbers["training"] & numbers["pairs"] and kinds["pairs"] == kinds["training"]
    assert not kinds["training"] & kinds["templates"]
    assert not {each.question for each in made["training"]} & {each.question for each in made["pairs"]}
