"""What a score says of itself is the same in scores.json, in the tables and on the page, and what SciPy works out: at the edges, too."""

import html
import json
import math
import re
import shutil
import statistics

import polars as pl
import pytest
from report_tree import Tree
from scipy import stats as scipy_stats

from koreason.cli import main
from koreason.records.digests import sha256_file
from koreason.records.stage import Stage
from koreason.tables import GENERATIONS, write_table

Right = list[list[bool]]  # of each item its answers
EDGES: dict[str, tuple[Right, Right]] = {
    "one item, right after": ([[False]], [[True]]),
    "all wrong twice": ([[False]] * 8, [[False]] * 8),
    "all right after": ([[False] * 2] * 5, [[True] * 2] * 5),
    "ties": ([[True], [False], [True], [False]] * 3, [[True], [False], [False], [True]] * 3),
    "some of each": ([[n % 3 == 0, n % 2 == 0] for n in range(20)], [[n % 5 != 0, n % 3 != 1] for n in range(20)]),
}


def evaluated(tree: Tree, before: Right, after: Right, passage: int) -> None:
    """Put these answers in the place of the tree's `sums`; so many items share a passage."""
    lines = [
        json.dumps({"id": f"i{n}", "question": f"{n}+1?", "gold": str(n + 1), "cluster": f"p{n // passage}", "category": f"c{n % 2}"})
        for n in range(len(before))
    ]
    file = tree.root / "items.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    bench = tree.results / "benches" / "sums"
    shutil.rmtree(bench)
    assert main(["bench", "--spec", json.dumps({"kind": "math", "file": str(file), "sha256": sha256_file(file)}), "--out", str(bench)]) == 0
    for state, right in (("base/base", before), ("mixed/short", after)):
        cell = tree.results / "evals" / "small" / state / "sums"
        shutil.rmtree(cell)
        rows = [
            (f"i{n}", repeat, f"{n}+1?", f"<think>\n</think>\n\\boxed{{{n + 1 if one else 'x'}}}", "stop", 9, 1)
            for n, each in enumerate(right)
            for repeat, one in enumerate(each)
        ]
        with Stage(cell / "generations", "generate", {}, []) as stage:
            write_table(pl.DataFrame(rows, schema=GENERATIONS, orient="row"), stage, "generations.parquet", GENERATIONS)
            stage.counts["repeats"] = len(right[0])
        made = ["--bench", str(bench / "manifest.json"), "--generations", str(cell / "generations/manifest.json")]
        assert main(["score-bench", "--spec", '{"kind": "math", "version": 1}', *made, "--out", str(cell / "scores")]) == 0


@pytest.mark.parametrize(
    ("edge", "passage"), [("one item, right after", 1), ("all wrong twice", 1), ("all right after", 2), ("ties", 1), ("some of each", 1)]
)
def test_numbers_are_the_same_everywhere_and_right(tree: Tree, edge: str, passage: int) -> None:
    before, after = EDGES[edge]
    evaluated(tree, before, after, passage)
    assert tree.report() == 0
    page = " ".join(html.unescape(re.sub("<[^>]+>", " ", tree.page())).split())
    scores = {row["mix"]: row for row in tree.table("scores").filter(pl.col("bench") == "sums").to_dicts()}
    for mix, folder, right in (("base", "base/base", before), ("mixed", "mixed/short", after)):
        told = json.loads((tree.results / "evals/small" / folder / "sums/scores/scores.json").read_text(encoding="utf-8"))["accuracy"]
        answers = [one for each in right for one in each]
        mean = statistics.fmean(answers)
        assert told["mean"] == pytest.approx(mean, abs=1e-6) == scores[mix]["accuracy"]
        assert [scores[mix]["low"], scores[mix]["high"]] == told["interval_95"]
        if len(right) == 1:
            assert told["se_over_items"] is None is scores[mix]["error"]
        else:
            assert told["se_over_items"] == pytest.approx(scipy_stats.sem([statistics.fmean(each) for each in right]), abs=1e-6)
        if mean in (0, 1) or len(answers) == len(right) > 1 == passage:  # without repeats and passages: Wilson's own
            count = math.ceil(len(right) / passage) if mean in (0, 1) else len(right)
            wilson = scipy_stats.binomtest(round(mean * count), count).proportion_ci(method="wilson")
            assert told["interval_95"] == pytest.approx([wilson.low, wilson.high], abs=1e-6)
        assert f"{told['interval_95'][0]:.1%} to {told['interval_95'][1]:.1%}" in page
    [pair] = tree.table("paired").filter(pl.col("bench") == "sums").to_dicts()
    differences = [statistics.fmean(new) - statistics.fmean(old) for old, new in zip(before, after, strict=True)]
    assert pair["difference"] == pytest.approx(statistics.fmean(differences), abs=1e-6)
    assert -1 <= pair["low"] <= pair["difference"] <= pair["high"] <= 1 and 0 < pair["p"] <= 1
    if passage == 1 and len(before[0]) == 1:
        won, lost = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
        assert pair["p"] == pytest.approx(scipy_stats.binomtest(won, won + lost).pvalue if won + lost else 1, abs=1e-6)
    elif passage == 1 and len({*differences}) > 1:
        assert pair["p"] == pytest.approx(scipy_stats.ttest_1samp(differences, 0).pvalue, abs=1e-6)
    assert pair["detectable"] is None or 0 < pair["detectable"] <= 1
    at = page.index("sums", page.index("smallest change that so many items would have shown"))
    assert f"{100 * pair['low']:+.1f}".replace("-", "−") in page[at : at + 400]
    rows = tree.table("categories").filter((pl.col("bench") == "sums") & (pl.col("mix") == "mixed")).to_dicts()
    for row in rows:
        mine = [one for each in after[int(row["category"][1:]) :: 2] for one in each]
        assert row["accuracy"] == pytest.approx(statistics.fmean(mine), abs=1e-6)
    assert sum(row["items"] for row in rows) == len(after)
    assert "inf" not in [str(value) for row in (*scores.values(), pair) for value in row.values()] and "nan" not in page.split()
