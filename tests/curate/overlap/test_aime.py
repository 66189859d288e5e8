"""AIME planted in a pool as it is, with other LaTeX spacing, and in Korean, among problems that are like it."""

import hashlib
import json
import random
import re
from pathlib import Path

import polars as pl
import pytest

from tests.curate.overlap.made import bench, decontaminate, texts

KOREAN = Path(__file__).parents[1] / "labelled" / "aime_ko.jsonl"


def respaced(text: str, draw: random.Random) -> str:
    """The text with its formulas laid out in another way: nothing that is read changes."""
    text = re.sub(r"\\[dt]?frac", lambda _: draw.choice([r"\frac", r"\dfrac", r"\tfrac"]), text)
    text = re.sub(r"(?<!\\left)\(", lambda _: draw.choice(["(", r"\left("]), text) if r"\left" not in text else text.replace(r"\left", "")
    text = text.replace(r"\left(", "(") if text.count(r"\left(") != text.count(r"\right)") else text
    text = re.sub(r" *([=+<>]) *", lambda match: draw.choice(["{}", " {} ", r"\,{}\,"]).format(match[1]), text)
    return re.sub(r"\$ *(.*?) *\$", lambda match: draw.choice(["${}$", "$ {} $", r"\({}\)"]).format(match[1]), text)


@pytest.fixture(scope="module")
def planted(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    """A pool's sources and the benchmark."""
    folder = tmp_path_factory.mktemp("aime")
    lines = [line for year in (24, 25) for line in (real_data / "aime" / f"aime{year}.jsonl").read_text(encoding="utf-8").splitlines()]
    items = {row["id"]: row["problem"] for row in map(json.loads, lines)}
    labelled = [json.loads(line) for line in KOREAN.read_text(encoding="utf-8").splitlines()]
    assert len(labelled) == len(items) == 60
    for row in labelled:
        assert hashlib.sha256(items[row["id"]].encode()).hexdigest() == row["sha256"]
        assert len(row["korean"]) < len(items[row["id"]])
    draw = random.Random(20251126)
    pools = {
        "as_it_is": {key: f"Solve this.\n\n{text}\n\nExplain each step." for key, text in items.items()},
        "other_spacing": {key: respaced(text, draw) for key, text in items.items()},
        # those of one half were written before the rule, those of the other when it was finished; both by hand
        **{f"Korean_{half}": {row["id"]: row["korean"] for row in labelled if row["half"] == half} for half in ("before", "after")},
    }
    rows = [json.loads(line) for line in (real_data / "math_test" / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    word_problems = json.loads((real_data / "mwp_korean" / "public_mwp_data.json").read_text(encoding="utf-8-sig")).values()
    grade = [json.loads(line)["question"] for line in (real_data / "gsm8k" / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    others = [row["problem"] for row in rows] + [row["question"] for row in word_problems] + grade
    planted = [texts(folder / kind, list(found.values())) for kind, found in pools.items()]
    names = {kind: list(found) for kind, found in pools.items()}
    (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
    return [*planted, texts(folder / "others", others)], bench(folder / "benches" / "aime", items)


def figures(found: pl.DataFrame, folder: Path) -> dict[str, tuple[float, float]]:
    """Recall and precision for each kind; with the others, which hold none, precision counts what was found in them."""
    names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
    claims = set(found.select("prompt_id", "item_id").iter_rows())
    wrong_in_others = sum(prompt.startswith("others") for prompt, _ in claims)
    measured = {}
    for kind, keys in names.items():
        mine = [(prompt, item) for prompt, item in claims if prompt.startswith(kind)]
        right = sum(keys[int(prompt.rsplit("-", 1)[1])] == item for prompt, item in mine)
        measured[kind] = (right / len(keys), right / max(len(mine) + wrong_in_others, 1))
    return measured


def test_aime_is_found_in_all_forms(planted: tuple[list[Path], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources, items = planted
    folder = sources[0].parents[1]
    table = {}
    for profile in ("paper", "robust"):
        found = decontaminate(tmp_path / profile, sources, [items], profile, max_bench_share=1)
        table[profile] = figures(found, folder)
    with capsys.disabled():
        print("\nrecall / precision  ", *(f"{kind:13}" for kind in table["paper"]))
        for profile, measured in table.items():
            print(f"{profile:20}", *(f"{recall:6.1%}/{precision:6.1%}" for recall, precision in measured.values()))
    wanted = {"as_it_is": 0.95, "other_spacing": 0.95, "Korean_before": 0.8, "Korean_after": 0.8}
    for kind, (recall, precision) in table["robust"].items():
        assert recall >= wanted[kind], kind
        assert precision >= 0.95, kind
    others = decontaminate(tmp_path / "others", [sources[-1]], [items], "robust", max_bench_share=1)
    assert others.height == 0
