"""What is settled without SymPy is settled as SymPy settles it, over everything at hand."""

import gzip
import itertools
import json
from pathlib import Path

import pytest

from koreason.answers.boxes import boxes
from koreason.answers.values import settled, slow


def real_pairs(folder: Path) -> list[tuple[str, str]]:
    """Gold and box of real answers, and every gold beside other golds."""
    with gzip.open(folder / "math_qwen25math_rm_example" / "data.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    found = [(row["gold"], box.content) for row in rows for box in boxes(row["response"])[-1:]]
    golds = list(dict.fromkeys(row["gold"] for row in rows))
    with gzip.open(folder / "gsm8k_openai_example_solutions" / "data.jsonl.gz", "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    found += [(row["gold"], row["response"].rsplit("A:", 1)[-1].strip()) for row in lines[::6]]
    return list(dict.fromkeys([*found, *itertools.pairwise(golds)]))


MADE = [
    ("1/3", "0.333333"),
    ("1/3", "0.33333"),
    ("0.1", "1/10"),
    ("(1,2)", "(1,2.0)"),
    ("2^{10}", "1024.0"),
    ("10^6", "1,000,000"),
    ("-0", "0"),
]
MADE += [
    ("0.999999", "1"),
    ("1000000", "1000001"),
    (r"\frac{2}{4}", "0.5"),
    ("(0,1)", "(0, 2)"),
    ("7", "007"),
    ("1e5", "100000"),
    (".5", r"\frac12"),
]


@pytest.mark.slow
def test_the_fast_path_decides_as_sympy_does(real_data: Path) -> None:
    pairs = [*MADE, *real_pairs(real_data / "scoring")]
    decided = [(pair, fast) for pair in pairs if (fast := settled(*pair)) in ("correct", "wrong")]
    assert len(decided) >= 800
    differing = [(pair, fast, by_sympy) for pair, fast in decided if (by_sympy := slow(*pair)) != fast]
    assert differing == []
